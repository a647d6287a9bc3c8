/// The console's style: one sheet, no image, no font. Below 640 px a table's rows become cards.
let consoleStyle = """
    :root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --faint: #59636e; --line: #d1d9e0; --accent: #0757b8;
      --bad: #b3261e; --card: #f6f8fa; }
    @media (prefers-color-scheme: dark) { :root { --back: #11151a; --text: #e6e9ec; --faint: #a0a9b2; --line: #39414a;
      --accent: #7ab3ff; --bad: #ff8a80; --card: #1a2027; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
    header, main, footer, .notice { padding: 0.6rem 1rem; }
    header { display: flex; flex-wrap: wrap; gap: 0.6rem 1.2rem; align-items: center; border-bottom: 1px solid var(--line); }
    header form { margin-left: auto; }
    nav { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; }
    nav a { padding: 0.3rem 0; }
    nav a[aria-current] { font-weight: 600; text-decoration: none; border-bottom: 2px solid var(--accent); }
    a { color: var(--accent); }
    h1 { font-size: 1.3rem; margin: 0.4rem 0 0.8rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 0.6rem; }
    table { border-collapse: collapse; width: 100%; }
    caption { text-align: left; padding: 0.3rem 0; color: var(--faint); }
    th, td { text-align: left; padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
    thead th { color: var(--faint); font-weight: 600; font-size: 0.85rem; }
    .number { font-variant-numeric: tabular-nums; }
    .bad { color: var(--bad); }
    .notice { margin: 0; background: var(--card); border-bottom: 1px solid var(--line); }
    .spark { width: 120px; height: 24px; display: block; }
    .spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 4px;
      padding: 0.3rem 0.6rem; min-height: 2rem; max-width: 100%; }
    button { cursor: pointer; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
    td form { display: flex; flex-wrap: wrap; gap: 0.3rem; align-items: center; }
    .small { font-size: 0.85rem; color: var(--faint); }
    .login { max-width: 24rem; margin: 10vh auto 0; } .login label { display: block; margin: 0.7rem 0; } .login input { width: 100%; }
    .skip { position: absolute; left: -100rem; } .skip:focus { left: 0.5rem; top: 0.5rem; background: var(--back); padding: 0.4rem; }
    footer { color: var(--faint); font-size: 0.85rem; }
    @media (max-width: 640px) {
      header form { margin-left: 0; }
      thead { position: absolute; left: -100rem; }
      table, tbody, tr, td { display: block; width: 100%; }
      tr { border: 1px solid var(--line); border-radius: 6px; background: var(--card); margin: 0 0 0.6rem; padding: 0.3rem 0; }
      th[scope=row] { display: block; border: 0; color: var(--faint); padding-bottom: 0; }
      td { border: 0; padding: 0.25rem 0.7rem; display: flex; gap: 0.6rem; justify-content: space-between; }
      td[data-label]::before { content: attr(data-label); color: var(--faint); flex: none; }
      td form { justify-content: flex-end; }
    }
    """

/// Replaces the page's inner part by what the server has rendered anew, unless somebody is typing in it. Whatever
/// had the focus has it afterwards.
let consoleScript = """
    const main = document.querySelector("main[data-live]");
    const state = document.getElementById("live-state");
    if (main) {
      const source = new EventSource(main.dataset.live);
      source.onmessage = (event) => {
        const active = document.activeElement;
        if (active && main.contains(active) && active.matches("input, select")) return;
        const id = active && main.contains(active) ? active.id : null;
        const template = document.createElement("template");
        template.innerHTML = JSON.parse(event.data);
        main.replaceChildren(template.content);
        if (id) document.getElementById(id)?.focus();
        main.dataset.updates = Number(main.dataset.updates || 0) + 1;
        state.textContent = "Live";
      };
      source.onerror = () => { state.textContent = "Not connected; trying again..."; };
    }
    """
