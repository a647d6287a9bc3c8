/// The page, its style and its script, as they are sent.
let demoPage = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Countersign demo portal</title>
    <link rel="stylesheet" href="/demo/demo.css">
    <script src="/demo/demo.js" defer></script>
    </head>
    <body>
    <header><p><strong>Demo</strong> This page is for trying out. Nobody is signed in to anything.</p></header>
    <main>
    <h1>Sign in with your phone</h1>
    <p id="hint">Open the app in which you are signed in already, and scan this code.</p>
    <figure id="code" hidden>
    <img id="image" width="320" height="320" alt="QR code for the app">
    <figcaption>Good for <span id="seconds"></span> seconds</figcaption>
    </figure>
    <p id="link" hidden><a id="open">Open the app on this device</a></p>
    <p id="status" role="status">One moment</p>
    <p><button id="again" type="button">Show a new code</button></p>
    <noscript><p>This page needs a few lines of script to show the code and to notice your answer.</p></noscript>
    </main>
    </body>
    </html>

    """

let demoStyle = """
    :root { color-scheme: light dark; --text: #1b1f24; --back: #fff; --soft: #f1f3f5; --strong: #0b57d0; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e8eaed; --back: #16181c; --soft: #24272d; --strong: #8ab4f8; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
    header { background: var(--soft); padding: .25rem 1rem; }
    header strong { background: var(--strong); color: var(--back); padding: .1rem .5rem; border-radius: .25rem; }
    main { max-width: 26rem; margin: 0 auto; padding: 1rem; text-align: center; }
    h1 { font-size: 1.5rem; line-height: 1.25; }
    figure { margin: 0; }
    img { width: min(100%, 20rem); height: auto; background: #fff; border-radius: .5rem; }
    #status { min-height: 1.5em; font-size: 1.125rem; font-weight: 600; }
    a { color: var(--strong); }
    button { font: inherit; padding: .6rem 1.2rem; color: var(--back); background: var(--strong); border: 0;
      border-radius: .5rem; cursor: pointer; }
    :focus-visible { outline: 3px solid var(--strong); outline-offset: 3px; }
    [hidden] { display: none; }

    """

let demoScript = """
    "use strict";
    const element = id => document.getElementById(id);
    const words = {
      issued: "Waiting for your phone",
      scanned: "Scanned. Confirm on your phone",
      denied: "Declined on the phone",
      expired: "Expired. Show a new code to try again",
      cancelled: "Cancelled",
      failed: "That did not work. Show a new code to try again",
    };
    let source, timer;

    function say(text) { element("status").textContent = text; }

    function stop() {
      if (source) source.close();
      clearInterval(timer);
      element("code").hidden = true;
      element("link").hidden = true;
      element("image").removeAttribute("src");
      element("open").removeAttribute("href");
    }

    function count(seconds) {
      const end = performance.now() + seconds * 1000;
      const show = () => {
        element("seconds").textContent = Math.max(0, Math.ceil((end - performance.now()) / 1000));
      };
      show();
      timer = setInterval(show, 1000);
    }

    function hear(event) {
      const news = JSON.parse(event.data);
      document.body.dataset.status = news.status;
      if (news.status === "issued") return say(words.issued);
      if (news.status === "scanned") {
        element("code").hidden = true;
        return say(words.scanned);
      }
      stop();
      element("hint").hidden = true;
      say(news.status === "authenticated"
        ? (news.user === undefined ? "Signed in, some time ago" : "Signed in as " + news.user)
        : words[news.status] || "That did not work");
    }

    async function begin() {
      stop();
      document.body.dataset.status = "";
      element("hint").hidden = false;
      say("One moment");
      try {
        const answer = await fetch("/demo/sign-ins", { method: "POST" });
        if (!answer.ok) throw new Error();
        const page = await answer.json();
        const path = "/demo/sign-ins/" + page.id;
        element("image").src = path + "/qr.svg";
        element("code").hidden = false;
        if (page.link) {
          element("open").href = page.link;
          element("link").hidden = false;
        }
        count(page.seconds);
        source = new EventSource(path + "/events");
        source.onmessage = hear;
      } catch {
        say("No code can be had right now. Try again");
      }
    }

    element("again").addEventListener("click", begin);
    begin();

    """
