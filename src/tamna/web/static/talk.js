// The counter's conversation: Enter says it, a new line takes Shift; what was said leaves the box.
document.querySelectorAll("[data-talk]").forEach((form) => {
  const box = form.querySelector("textarea");
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("htmx:after:request", () => {
    form.reset();
    box.focus();
  });
});
