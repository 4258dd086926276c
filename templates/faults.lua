-- Makes a request wait, for drills: `deployer inject --delay`. Nothing happens to requests without txn.dp_delay.
core.register_action("deployer_delay", { "http-req" }, function(txn)
    local milliseconds = txn:get_var("txn.dp_delay")
    if milliseconds then
        core.msleep(math.min(tonumber(milliseconds), 30000))
    end
end)
