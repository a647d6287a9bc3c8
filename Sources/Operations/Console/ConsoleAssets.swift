/// The console's style: one sheet, no image, no font. Below 640 px a table's rows become cards. Text has a contrast of
/// 4.5 and what can be pressed or filled in a border of 3 against what is around it (WCAG 2.2, 1.4.3 and 1.4.11).
let consoleStyle = """
    :root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --faint: #57606a; --line: #d1d9e0; --edge: #76808a;
      --accent: #0757b8; --bad: #b3261e; --warm: #fff4e5; --card: #f6f8fa; }
    @media (prefers-color-scheme: dark) { :root { --back: #11151a; --text: #e6e9ec; --faint: #a0a9b2; --line: #39414a;
      --edge: #7d8792; --accent: #7ab3ff; --bad: #ff8a80; --warm: #33240f; --card: #1a2027; } }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
    header, main, footer, .notice { padding: 0.6rem 1rem; }
    header { display: flex; flex-wrap: wrap; gap: 0.6rem 1.2rem; align-items: center; border-bottom: 1px solid var(--line); }
    header form { margin-left: auto; display: flex; gap: 0.6rem; align-items: center; }
    nav { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; }
    nav a { padding: 0.3rem 0; }
    nav a[aria-current] { font-weight: 600; text-decoration: none; border-bottom: 2px solid var(--accent); }
    a { color: var(--accent); }
    h1 { font-size: 1.3rem; margin: 0.4rem 0 0.8rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 0.6rem; }
    main:focus { outline: none; }
    table { border-collapse: collapse; width: 100%; }
    caption { text-align: left; padding: 0.3rem 0; color: var(--faint); overflow-wrap: anywhere; }
    th, td { text-align: left; padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
    .long { overflow-wrap: anywhere; } .short, .tag, button, summary { white-space: nowrap; }
    thead th { color: var(--faint); font-weight: 600; font-size: 0.85rem; }
    tbody th { font-weight: 600; }
    tbody th code { font-weight: 400; }
    .facts th { width: 12rem; color: var(--faint); font-weight: 400; } .facts td { overflow-wrap: anywhere; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    .faint { color: var(--faint); }
    .problem { color: var(--bad); }
    .tag { color: var(--bad); border: 1px solid currentColor; border-radius: 4px; padding: 0 0.35rem; }
    .halted { background: var(--warm); box-shadow: inset 4px 0 var(--bad); }
    .attention { background: var(--warm); border-left: 4px solid var(--bad); padding: 0.5rem 0.9rem; margin-bottom: 1rem; }
    .attention h2 { margin: 0; } .attention ul { margin: 0.3rem 0; padding-left: 1.1rem; } .attention li { overflow-wrap: anywhere; }
    .notice { margin: 0; background: var(--card); border-bottom: 1px solid var(--line); border-left: 4px solid var(--accent); }
    .notice.problem { border-left-color: var(--bad); }
    .chart { display: flex; flex-wrap: wrap; gap: 0 0.5rem; align-items: center; }
    .spark { width: 120px; height: 24px; flex: none; }
    .spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    button, input, select, textarea, summary { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge);
      border-radius: 4px; padding: 0.25rem 0.6rem; min-height: 2rem; max-width: 100%; }
    input, select, textarea { background: var(--back); }
    [aria-invalid] { border-color: var(--bad); border-width: 2px; }
    ::placeholder { color: var(--faint); opacity: 1; }
    button, summary { cursor: pointer; }
    summary { list-style: none; width: fit-content; } summary::-webkit-details-marker { display: none; }
    details[open] { border: 1px solid var(--edge); border-radius: 4px; padding: 0.4rem; max-width: 22rem; } details p { margin: 0.4rem 0; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
    main form { display: flex; flex-wrap: wrap; gap: 0.4rem 0.6rem; align-items: end; }
    main form .problem { flex-basis: 100%; margin: 0; }
    main > form, main > details { margin: 0.6rem 0; }
    main form label { max-width: 100%; } main > form label span { display: block; }
    .act > div { display: flex; flex-wrap: wrap; gap: 0.4rem 0.8rem; align-items: start; }
    .small { font-size: 0.85rem; color: var(--faint); } .small input, .small textarea, .small select { color: var(--text); font-size: 0.95rem; }
    .login { max-width: 24rem; margin: 10vh auto 0; } .login form { display: block; } .login label { display: block; margin: 0.7rem 0; } .login input { width: 100%; }
    .skip { position: absolute; left: -100rem; } .skip:focus { left: 0.5rem; top: 0.5rem; background: var(--back); padding: 0.4rem; }
    footer { color: var(--faint); font-size: 0.85rem; }
    @media (max-width: 640px) {
      header form { margin-left: 0; }
      thead { position: absolute; left: -100rem; }
      table, tbody, tr, td, tbody th, caption { display: block; width: 100%; }
      tr { display: grid; grid-template-columns: 1fr 1fr; border: 1px solid var(--line); border-radius: 6px;
        background: var(--card); margin: 0 0 0.6rem; padding: 0.3rem 0; overflow: hidden; }
      tr.halted { background: var(--warm); }
      tbody th, td { border: 0; padding: 0.2rem 0.7rem; min-width: 0; }
      tbody th, td.long, td.act { grid-column: 1 / -1; overflow-wrap: anywhere; }
      td[data-label]::before { content: attr(data-label); display: block; color: var(--faint); font-size: 0.85rem; }
      td.number { text-align: left; }
      td:empty, td.act:has(> div:empty) { display: none; }
      td.act { padding-top: 0.5rem; } td.act::before { content: none !important; }
      .short { white-space: normal; }
      .facts tr { grid-template-columns: 8rem 1fr; border: 0; border-radius: 0; border-bottom: 1px solid var(--line); margin: 0; background: none; }
      .facts th, .facts td { grid-column: auto; width: auto; padding-left: 0; }
    }
    """

/// Replaces the page's inner part by what the server has rendered anew, unless somebody is typing in it. Whatever had
/// the focus has it afterwards; what somebody has begun, and what was refused, stays as it is.
let consoleScript = """
    const main = document.querySelector("main[data-live]");
    const state = document.getElementById("live-state");
    const isBegun = (part) => part.matches("details") ? part.open : part.querySelector(".problem") !== null
      || [...part.elements].some((field) => field.matches("select")
        ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0
        : field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue);
    const follow = () => {
      const source = new EventSource(main.dataset.live);
      source.onopen = () => { state.textContent = "Live."; };
      source.onmessage = (event) => {
        const active = document.activeElement;
        if (active && main.contains(active) && active.matches("input, select, textarea")) {
          state.textContent = "Waiting while you type.";
          return;
        }
        const id = active && main.contains(active) ? active.id : null;
        const template = document.createElement("template");
        template.innerHTML = JSON.parse(event.data);
        for (const part of main.querySelectorAll("form[id], details[id]"))
          if (isBegun(part)) template.content.getElementById(part.id)?.replaceWith(part);
        main.replaceChildren(template.content);
        if (id) document.getElementById(id)?.focus({ preventScroll: true });
        main.dataset.updates = Number(main.dataset.updates || 0) + 1;
        state.textContent = "Live.";
      };
      source.onerror = async () => {
        state.textContent = "Not connected; trying again.";
        if (source.readyState !== EventSource.CLOSED) return;
        // The server has refused: the session is over, or too many pages are open.
        const answer = await fetch(main.dataset.live.replace("/live", ""), { redirect: "manual" }).catch(() => null);
        if (answer?.type === "opaqueredirect") {
          state.textContent = "Not live.";
          document.getElementById("over").hidden = false;
        } else setTimeout(follow, 10000);
      };
    };
    if (main) follow();
    """
