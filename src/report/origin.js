// What a pointer over a row or a mark is told, a click or a touch tells, too: a row says under itself which samples its
// numbers come from, a mark says its values under the figure.
(() => {
  "use strict";
  const open = (row) => {
    const line = document.createElement("tr");
    const cell = line.insertCell();
    line.className = "origin";
    cell.colSpan = row.cells.length;
    const words = document.createElement("div");
    words.textContent = row.title;
    cell.append(words);
    row.after(line);
  };
  const toggle = (row) => {
    const line = row.nextElementSibling;
    const shown = line !== null && line.className === "origin";
    if (shown) line.remove();
    else open(row);
    row.setAttribute("aria-expanded", String(!shown));
  };
  for (const row of document.querySelectorAll("tbody tr[title]")) {
    row.tabIndex = 0;
    row.setAttribute("aria-expanded", "false");
    row.addEventListener("click", () => {
      // Whoever marks words to copy them does not ask.
      if (String(getSelection()) === "") toggle(row);
    });
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter") toggle(row);
    });
  }
  for (const figure of document.querySelectorAll("figure")) {
    const said = document.createElement("output");
    figure.querySelector(".card").after(said);
    figure.addEventListener("click", (event) => {
      const mark = event.target.closest("rect");
      const title = mark && mark.querySelector("title");
      said.textContent = title ? title.textContent : "";
    });
  }
})();
