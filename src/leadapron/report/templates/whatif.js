
// Sliders: of everything marked with a step, the chosen one shows; tiles take the share and colour of that moment.
for (const box of document.querySelectorAll("[data-slider]")) {
  const edges = (box.dataset.edges ?? "").split(" ").map(Number);
  const range = box.querySelector("input[type=range]");
  const steps = Array.from(box.querySelectorAll("[data-step]"));
  const tiles = Array.from(box.querySelectorAll("[data-shares]"), (tile) => ({
    tile, share: tile.querySelector("b"), shares: tile.dataset.shares.split(" "),
  }));
  const apply = () => {
    for (const one of steps) {
      const on = one.dataset.step === range.value;
      one.classList.toggle("on", on);
      if (on && one.tagName === "P") range.setAttribute("aria-valuetext", one.textContent.trim());
    }
    for (const { tile, share, shares } of tiles) {
      const percent = Number(shares[range.value]);
      const found = edges.findIndex((most) => percent <= most);
      tile.className = `tile f${found < 0 ? edges.length : found}`;
      share.textContent = box.dataset.percent.replace("{n}", percent);
    }
  };
  range.addEventListener("input", apply);
  range.closest(".slide").hidden = false;
  apply();
}
