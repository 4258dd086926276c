// Times that go on by themselves: since and until, by the server's clock.
const clock = (() => {
  let ahead = 0;
  const told = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 100) return `${whole} s`;
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };
  const now = () => Date.now() / 1000 + ahead;
  const draw = (root = document) => {
    for (const one of root.querySelectorAll("[data-since]")) one.textContent = told(now() - one.dataset.since);
    for (const one of root.querySelectorAll("[data-until]")) one.textContent = told(one.dataset.until - now());
  };
  return { draw, now, told, set: (server) => { ahead = server - Date.now() / 1000; draw(); } };
})();
setInterval(() => clock.draw(), 1000);
