// What every page does: closes over nothing, remembers nothing.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) window.location.assign("/enter");
});
