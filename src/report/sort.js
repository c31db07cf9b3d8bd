// Tables are sorted by a click on a heading: numbers by their value, whatever their unit, words by the alphabet, what is
// empty last. A second click turns the order round.
(() => {
  "use strict";
  const prefixes = { n: 1e-9, "µ": 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const key = (cell) => {
    const text = cell.textContent.trim().replace(/(\d)\u00a0(?=\d)/g, "$1").replace(/−/g, "-");
    const found = /^(-?\d+(?:\.\d+)?)(?:×10(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?\s?(ns|µs|ms|[kMGTP](?=FLOP|B\/))?/.exec(text);
    if (!found) return text === "" || text === "—" ? null : text;
    const digits = [...(found[3] || "⁰")].map((c) => raised.indexOf(c)).join("");
    const power = Number(digits) * (found[2] ? -1 : 1);
    return Number(found[1]) * 10 ** power * (found[4] ? prefixes[found[4][0]] : 1);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        const body = table.tBodies[0];
        // Lines that say where a row comes from would lose their row.
        for (const line of body.querySelectorAll(".origin")) line.remove();
        for (const row of body.querySelectorAll("[aria-expanded]")) row.setAttribute("aria-expanded", "false");
        const rows = [...body.rows].map((row) => [key(row.cells[column]), row]);
        rows.sort(([a], [b]) => (a === null ? 1 : 0) - (b === null ? 1 : 0) || way * compare(a, b));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }
})();
