// The run as it goes on: parts arrive drawn, and are laid over the old ones so that focus and open details stay.
(() => {
  const live = document.getElementById("live"), link = document.getElementById("link"), log = document.getElementById("log");
  const place = document.getElementById("curves");
  let after = Number(live.dataset.after), heard = Date.now(), failed = "", source;

  const lay = (name, html) => {
    const part = document.getElementById(`part-${name}`);
    Idiomorph.morph(part, html, {
      morphStyle: "innerHTML",
      callbacks: { beforeAttributeUpdated: (attribute, node) => !(attribute === "open" && node.tagName === "DETAILS") },
    });
    clock.draw(part);
    if (name === "head") document.title = `${document.getElementById("state").textContent}: ${live.querySelector("h1").textContent}`;
  };

  const lines = (html) => {
    const bottom = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    for (const line of [...fresh.content.children]) if (Number(line.dataset.seq) > after) log.append(line);
    if (bottom) log.scrollTop = log.scrollHeight;
  };

  const say = () => {
    const silent = (Date.now() - heard) / 1000;
    const [tone, words] = failed ? ["bad", `the journal cannot be read: ${failed}`]
      : silent > 25 ? ["bad", `no word for ${clock.told(silent)}: this page may be old; it goes on trying`]
      : source.readyState !== EventSource.OPEN ? ["warn", "connecting …"] : ["good", "live"];
    if (link.textContent !== words) link.textContent = words;
    link.className = `link ${tone}`;
  };

  const listen = () => {
    source = new EventSource(`/runs/${live.dataset.run}/events?after=${after}`);
    for (const name of ["head", "doing", "sites", "ways", "gates", "steps"])
      source.addEventListener(name, (event) => lay(name, event.data));
    source.addEventListener("curves", (event) => curves.draw(JSON.parse(event.data), place));
    source.addEventListener("log", (event) => lines(event.data));
    source.addEventListener("clock", (event) => {
      const told = JSON.parse(event.data);
      clock.set(told.now);
      heard = Date.now();
      failed = told.failed;
      if ("follow" in live.dataset && told.newest && told.newest !== live.dataset.run) location.reload();
      after = Math.max(after, Number(event.lastEventId) || 0);
      say();
    });
    source.onerror = async () => {
      say();
      if (source.readyState !== EventSource.CLOSED) return;
      const answer = await fetch("/runs", { redirect: "manual" }).catch(() => null);
      if (answer && answer.type === "opaqueredirect") location.assign("/enter");
      else setTimeout(listen, 2000);
    };
  };

  clock.set(Number(live.dataset.now));
  curves.draw(JSON.parse(place.dataset.curves), place);
  log.scrollTop = log.scrollHeight;
  listen();
  setInterval(say, 1000);
})();
