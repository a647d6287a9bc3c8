// The sign-in page of Countersign, to be dropped into a portal's page:
//
//   <div data-countersign data-start="/sign-in/start" data-finish="/sign-in/finish"></div>
//   <script src="https://sign-in.example/widget/v1/countersign.js" defer></script>
//
// data-start    is asked by POST for a sign-in, and answers {"transaction_id", "browser_token"} in JSON
// data-finish   gets a form with transaction_id once it is accepted, and signs the visitor in
// data-lang     of the words: en, de, es, fr, it, nl. Default: the page's, then the browser's
// data-gateway  where the gateway is. Default: where this script comes from
//
// Hidden inputs within the element (a token against forged forms) are sent with both. The event `countersign` tells each
// state; whoever prevents its default at `authenticated` goes on by himself.
(() => {
  "use strict";

  const words = {
    en: {
      title: "Sign in with your phone", hint: "Open the app on your phone and scan this code.",
      loading: "One moment", issued: "Waiting for your phone", life: "New code in {n} s",
      lastLife: "Good for {n} s", scanned: "Confirm on your phone",
      number: "Type the number that your phone shows", send: "Continue",
      wrong: "That is not the number on your phone. Tries left: {n}",
      given: "That is the number. Now confirm on your phone", authenticated: "Signing you in",
      denied: "Declined on the phone", expired: "The code has expired",
      cancelled: "The sign-in was cancelled", failed: "The sign-in did not work",
      elsewhere: "This sign-in is open in another tab", error: "No code can be had right now",
      refused: "This page may not show a code", offline: "The connection is interrupted. Trying again",
      again: "Show a new code", open: "Open the app on this device", picture: "QR code for the app",
      warning: "Scan only a code on a page that you have opened yourself. "
        + "A code that somebody has sent you would sign them in as you.",
    },
    de: {
      title: "Mit dem Handy anmelden", hint: "Öffnen Sie die App auf Ihrem Handy und scannen Sie diesen Code.",
      loading: "Einen Moment", issued: "Warten auf Ihr Handy", life: "Neuer Code in {n} s",
      lastLife: "Gültig für {n} s", scanned: "Bestätigen Sie auf Ihrem Handy",
      number: "Geben Sie die Nummer ein, die Ihr Handy zeigt", send: "Weiter",
      wrong: "Das ist nicht die Nummer auf Ihrem Handy. Versuche übrig: {n}",
      given: "Die Nummer stimmt. Bestätigen Sie nun auf Ihrem Handy", authenticated: "Sie werden angemeldet",
      denied: "Auf dem Handy abgelehnt", expired: "Der Code ist abgelaufen",
      cancelled: "Die Anmeldung wurde abgebrochen", failed: "Die Anmeldung hat nicht geklappt",
      elsewhere: "Diese Anmeldung ist in einem anderen Tab offen", error: "Zurzeit gibt es keinen Code",
      refused: "Diese Seite darf keinen Code zeigen",
      offline: "Die Verbindung ist unterbrochen. Neuer Versuch läuft",
      again: "Neuen Code zeigen", open: "App auf diesem Gerät öffnen", picture: "QR-Code für die App",
      warning: "Scannen Sie nur einen Code auf einer Seite, die Sie selbst geöffnet haben. "
        + "Ein Code, den Ihnen jemand geschickt hat, würde ihn als Sie anmelden.",
    },
    es: {
      title: "Iniciar sesión con el teléfono", hint: "Abra la aplicación en su teléfono y escanee este código.",
      loading: "Un momento", issued: "Esperando su teléfono", life: "Código nuevo en {n} s",
      lastLife: "Válido durante {n} s", scanned: "Confirme en su teléfono",
      number: "Escriba el número que muestra su teléfono", send: "Continuar",
      wrong: "No es el número de su teléfono. Intentos restantes: {n}",
      given: "El número es correcto. Ahora confirme en su teléfono", authenticated: "Iniciando sesión",
      denied: "Rechazado en el teléfono", expired: "El código ha caducado",
      cancelled: "El inicio de sesión se ha cancelado", failed: "El inicio de sesión no ha funcionado",
      elsewhere: "Este inicio de sesión está abierto en otra pestaña", error: "Ahora no hay ningún código",
      refused: "Esta página no puede mostrar un código",
      offline: "La conexión se ha interrumpido. Intentándolo de nuevo",
      again: "Mostrar un código nuevo", open: "Abrir la aplicación en este dispositivo",
      picture: "Código QR para la aplicación",
      warning: "Escanee solo un código de una página que haya abierto usted. "
        + "Con un código que alguien le ha enviado, esa persona entraría en su nombre.",
    },
    fr: {
      title: "Se connecter avec le téléphone", hint: "Ouvrez l’application sur votre téléphone et scannez ce code.",
      loading: "Un instant", issued: "En attente de votre téléphone", life: "Nouveau code dans {n} s",
      lastLife: "Valable {n} s", scanned: "Confirmez sur votre téléphone",
      number: "Saisissez le numéro affiché par votre téléphone", send: "Continuer",
      wrong: "Ce n’est pas le numéro de votre téléphone. Essais restants : {n}",
      given: "Le numéro est juste. Confirmez maintenant sur votre téléphone", authenticated: "Connexion en cours",
      denied: "Refusé sur le téléphone", expired: "Le code a expiré",
      cancelled: "La connexion a été annulée", failed: "La connexion n’a pas abouti",
      elsewhere: "Cette connexion est ouverte dans un autre onglet", error: "Aucun code pour le moment",
      refused: "Cette page ne peut pas afficher de code",
      offline: "La liaison est interrompue. Nouvel essai en cours",
      again: "Afficher un nouveau code", open: "Ouvrir l’application sur cet appareil",
      picture: "Code QR pour l’application",
      warning: "Ne scannez qu’un code d’une page que vous avez ouverte vous-même. "
        + "Un code que quelqu’un vous a envoyé le connecterait à votre place.",
    },
    it: {
      title: "Accedi con il telefono", hint: "Apri l’app sul telefono e scansiona questo codice.",
      loading: "Un momento", issued: "In attesa del telefono", life: "Nuovo codice tra {n} s",
      lastLife: "Valido per {n} s", scanned: "Conferma sul telefono",
      number: "Scrivi il numero mostrato dal telefono", send: "Continua",
      wrong: "Non è il numero del telefono. Tentativi rimasti: {n}",
      given: "Il numero è giusto. Ora conferma sul telefono", authenticated: "Accesso in corso",
      denied: "Rifiutato sul telefono", expired: "Il codice è scaduto",
      cancelled: "L’accesso è stato annullato", failed: "L’accesso non è riuscito",
      elsewhere: "Questo accesso è aperto in un’altra scheda", error: "Al momento non c’è un codice",
      refused: "Questa pagina non può mostrare un codice",
      offline: "La connessione è interrotta. Nuovo tentativo in corso",
      again: "Mostra un nuovo codice", open: "Apri l’app su questo dispositivo", picture: "Codice QR per l’app",
      warning: "Scansiona solo un codice di una pagina che hai aperto tu. "
        + "Un codice che qualcuno ti ha mandato lo farebbe accedere al posto tuo.",
    },
    nl: {
      title: "Inloggen met uw telefoon", hint: "Open de app op uw telefoon en scan deze code.",
      loading: "Een ogenblik", issued: "Wachten op uw telefoon", life: "Nieuwe code over {n} s",
      lastLife: "Nog {n} s geldig", scanned: "Bevestig op uw telefoon",
      number: "Typ het nummer dat uw telefoon toont", send: "Verder",
      wrong: "Dat is niet het nummer op uw telefoon. Pogingen over: {n}",
      given: "Het nummer klopt. Bevestig nu op uw telefoon", authenticated: "U wordt ingelogd",
      denied: "Geweigerd op de telefoon", expired: "De code is verlopen",
      cancelled: "Het inloggen is afgebroken", failed: "Het inloggen is niet gelukt",
      elsewhere: "Deze aanmelding is open in een ander tabblad", error: "Er is nu geen code",
      refused: "Deze pagina mag geen code tonen",
      offline: "De verbinding is onderbroken. Er wordt opnieuw geprobeerd",
      again: "Nieuwe code tonen", open: "App op dit apparaat openen", picture: "QR-code voor de app",
      warning: "Scan alleen een code op een pagina die u zelf hebt geopend. "
        + "Met een code die iemand u heeft gestuurd, logt die persoon in als u.",
    },
  };

  // So many codes are shown by themselves; then the visitor asks for more.
  const codes = 5;
  // So long before its end, in milliseconds, a code is followed by a new one.
  const lead = 15000;
  const script = document.currentScript;
  const ended = ["authenticated", "denied", "expired", "cancelled", "failed"];
  const isEnded = (session) => ended.includes(session.state?.status);
  const turned = () => new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  const pause = (time) => new Promise((done) => setTimeout(done, time * (0.75 + Math.random() / 2)));

  // RFC 4647 section 3.4.
  function wordsFor(tag) {
    for (let range = String(tag || "").toLowerCase().replaceAll("_", "-"); range;) {
      if (Object.hasOwn(words, range)) return [range, words[range]];
      range = range.slice(0, Math.max(0, range.lastIndexOf("-")));
    }
    return null;
  }

  function element(name, kind, attributes = {}) {
    const made = document.createElement(name);
    made.className = "countersign-" + kind;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // What is seen. Texts are set as texts, and numbers of the gateway's alone become markup.
  class View {
    constructor(root) {
      const own = [root.dataset.lang, root.closest("[lang]")?.lang, navigator.language];
      const [language, texts] = own.map(wordsFor).find((found) => found) || ["en", words.en];
      this.words = texts;
      this.box = element("section", "box", { lang: language, "aria-label": texts.title });
      this.title = element("p", "title");
      this.title.textContent = texts.title;
      this.hint = element("p", "hint");
      this.hint.textContent = texts.hint;
      this.stage = element("div", "stage");
      this.life = element("p", "life", { "aria-hidden": "true" });
      this.bar = element("progress", "bar", { "aria-hidden": "true", max: "1" });
      this.open = element("a", "open");
      this.open.textContent = texts.open;
      this.status = element("p", "status", { role: "status", "aria-live": "polite" });
      this.form = this.makeForm();
      this.again = element("button", "again", { type: "button" });
      this.again.textContent = texts.again;
      this.warning = element("p", "warning");
      this.warning.textContent = texts.warning;
      this.box.append(this.title, this.hint, this.stage, this.bar, this.life, this.status, this.form, this.open,
        this.again, this.warning);
      root.append(this.box);
    }

    makeForm() {
      const form = element("form", "form", { novalidate: "" });
      const label = element("label", "label");
      label.textContent = this.words.number;
      this.input = element("input", "number",
        { inputmode: "numeric", autocomplete: "off", maxlength: "2", size: "2", pattern: "[0-9]{2}", name: "number" });
      this.send = element("button", "send", { type: "submit" });
      this.send.textContent = this.words.send;
      label.append(this.input);
      form.append(label, this.send);
      return form;
    }

    say(text) { if (this.status.textContent !== text) this.status.textContent = text; }

    // `phase`: loading, code, scanned, number, or how it has ended.
    show(phase, text) {
      const hadFocus = this.box.contains(document.activeElement);
      const was = this.box.dataset.phase;
      this.box.dataset.phase = phase;
      const over = !["loading", "code", "scanned", "number", "authenticated"].includes(phase);
      this.hint.hidden = this.life.hidden = this.bar.hidden = phase !== "code";
      this.warning.hidden = phase !== "code";
      this.form.hidden = phase !== "number";
      this.again.hidden = !over;
      if (phase !== "code") {
        this.stage.replaceChildren(element("span", "sign", { "aria-hidden": "true" }));
        this.open.hidden = true;
        this.open.removeAttribute("href");
      }
      this.say(text);
      if (phase === "number" && was !== phase) this.input.focus();
      if (over && hadFocus) this.again.focus();
    }

    draw(code) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const size = Number(code.qr.size);
      svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
      svg.setAttribute("shape-rendering", "crispEdges");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", this.words.picture);
      svg.setAttribute("class", "countersign-code");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", String(code.qr.path));
      svg.append(path);
      this.stage.replaceChildren(svg);
      const opens = /^[a-z][a-z0-9+.-]*:/i.test(code.link || "") && !/^(javascript|data|vbscript):/i.test(code.link);
      this.open.hidden = !opens;
      if (opens) this.open.href = code.link;
    }

    count(left, whole, isLast) {
      this.life.textContent = (isLast ? this.words.lastLife : this.words.life).replace("{n}", Math.ceil(left / 1000));
      this.bar.value = Math.max(0, Math.min(1, left / whole));
    }
  }

  class SignIn {
    constructor(root) {
      this.root = root;
      const home = root.dataset.gateway || new URL(".", script.src).href.replace(/widget\/v1\/$/, "");
      this.base = new URL("browser/v1/sign-ins/", new URL(home, location.href).href.replace(/\/?$/, "/")).href;
      this.extra = [...root.querySelectorAll("input[type=hidden]")].map((input) => [input.name, input.value]);
      this.view = new View(root);
      this.sessions = [];
      this.view.again.addEventListener("click", () => this.begin());
      this.view.open.addEventListener("click", () => { this.handedOver = true; });
      this.view.form.addEventListener("submit", (event) => this.confirm(event));
      window.addEventListener("pagehide", () => this.leave());
      window.addEventListener("pageshow", (event) => { if (event.persisted) this.begin(); });
      document.addEventListener("visibilitychange", () => this.turn());
      setInterval(() => this.tick(), 1000);
    }

    // A new row of codes.
    begin() {
      this.leave();
      this.handedOver = false;
      this.left = codes;
      this.view.show("loading", this.view.words.loading);
      return this.add();
    }

    async add() {
      if (this.isAdding) return;
      this.isAdding = true;
      this.left -= 1;
      try {
        const answer = await fetch(this.root.dataset.start, {
          method: "POST", body: new URLSearchParams(this.extra), headers: { accept: "application/json" },
        });
        if (!answer.ok) throw new Error(`${this.root.dataset.start} answered ${answer.status}`);
        const made = await answer.json();
        if (!made.transaction_id || !made.browser_token) {
          throw new Error(`${this.root.dataset.start} must answer with transaction_id and browser_token`);
        }
        this.watch({ id: made.transaction_id, token: made.browser_token });
      } catch (error) {
        console.error("countersign:", error);
        if (this.sessions.length === 0) this.view.show("error", this.view.words.error);
      } finally {
        this.isAdding = false;
      }
    }

    // The newest is shown. The one before is watched until its end: a phone may have read it at the last moment.
    get shown() { return this.sessions.find((s) => s.isChosen) || this.sessions.findLast((s) => s.state); }

    async watch(session) {
      this.sessions.push(session);
      let failures = 0;
      while (!session.isOver && !isEnded(session)) {
        session.abort = new AbortController();
        try {
          await (session.polls || document.hidden ? this.poll(session) : this.stream(session));
          failures = 0;
        } catch (error) {
          if (session.isOver) return;
          if (session.abort.signal.aborted) continue;
          if (error.final) return this.drop(session, error);
          failures += 1;
          if (failures > 2 && (this.shown ?? session) === session) this.view.say(this.view.words.offline);
          await pause(error.wait || Math.min(8000, 500 * 2 ** failures));
        }
      }
    }

    drop(session, error) {
      console.error("countersign:", error.message);
      this.end(session);
      if (!this.shown) this.view.show(error.final, this.view.words[error.final]);
    }

    address(session, path) { return this.base + encodeURIComponent(session.id) + path; }

    async ask(session, path) {
      const answer = await fetch(this.address(session, path), {
        headers: { authorization: "Bearer " + session.token }, credentials: "omit", cache: "no-store",
        signal: session.abort.signal,
      });
      if (answer.ok) return answer;
      const told = await answer.json().catch(() => ({}));
      const error = new Error(told.error_description || `the gateway answered ${answer.status}`);
      if (told.error === "too_many_streams") {
        session.polls = session.isCrowded = true;
        error.wait = 5000;
      } else if (answer.status === 401) {
        error.final = "expired";
      } else if (answer.status === 403) {
        error.final = "refused";
      }
      throw error;
    }

    // Server-sent events, by fetch: an EventSource would have the token in its address. What lets nothing through for
    // some seconds, be it the head of the answer, is a proxy that collects what passes.
    async stream(session) {
      const watchdog = setTimeout(() => {
        session.polls = true;
        session.abort.abort();
      }, 5000);
      try {
        const answer = await this.ask(session, "/events");
        if (!answer.body?.getReader) {
          session.polls = true;
          return;
        }
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = ""; ;) {
          const { done, value } = await reader.read();
          if (done) break;
          clearTimeout(watchdog);
          text += value;
          const events = text.split("\n\n");
          text = events.pop();
          for (const event of events) {
            if (event.startsWith("data: ")) this.hear(session, JSON.parse(event.slice(6)));
          }
        }
      } finally {
        clearTimeout(watchdog);
      }
      if (!isEnded(session)) throw new Error("the stream has ended");
    }

    // A browser has six connections to a server over HTTP/1.1, for all its tabs: one that nobody sees keeps none.
    turn() {
      if (document.hidden) for (const session of this.sessions) session.abort.abort();
      this.tick();
    }

    async poll(session) {
      const isBrief = session.isCrowded || document.hidden;
      const known = encodeURIComponent(session.state?.version || "");
      const query = isBrief ? "" : `?wait=25&known=${known}`;
      this.hear(session, await (await this.ask(session, query)).json());
      if (isBrief) await Promise.race([pause(5000), turned()]);
    }

    hear(session, state) {
      if (session.isOver) return;
      if (state.error) return this.drop(session, { message: state.error_description, final: "elsewhere" });
      const before = session.state;
      Object.assign(session, { state, heard: performance.now() });
      if (state.status === "scanned" || state.status === "authenticated") this.choose(session);
      if (before?.status !== state.status) {
        const event = new CustomEvent("countersign", {
          bubbles: true, cancelable: true, detail: { transaction_id: session.id, status: state.status },
        });
        session.isTaken = !this.root.dispatchEvent(event);
      }
      if (isEnded(session)) this.finish(session);
      if (this.shown === session) this.render(session, before);
    }

    // Somebody has scanned it: no other code counts any more.
    choose(session) {
      session.isChosen = true;
      for (const other of this.sessions.filter((s) => s !== session)) this.cancel(other);
    }

    finish(session) {
      const isShown = this.shown === session;
      if (!isShown) return this.end(session);
      this.sessions = [];
      const status = session.state.status;
      this.view.show(status, this.view.words[status]);
      if (status !== "authenticated" || session.isTaken || !this.root.dataset.finish) return;
      const form = element("form", "finish", { method: "post", action: this.root.dataset.finish });
      form.hidden = true;
      for (const [name, value] of [...this.extra, ["transaction_id", session.id]]) {
        form.append(element("input", "field", { type: "hidden", name, value }));
      }
      this.root.append(form);
      form.submit();
    }

    render(session, before) {
      const { state } = session;
      if (state.status === "scanned") return this.renderScanned(state, before);
      if (!state.code) return this.view.show("loading", this.view.words.loading);
      this.view.show("code", this.view.words.issued);
      session.whole = Math.max(session.whole || 0, state.expires_in);
      this.view.draw(state.code);
      this.tick();
    }

    renderScanned(state, before) {
      if (state.confirmation !== "awaited") {
        return this.view.show("scanned", this.view.words[state.confirmation === "given" ? "given" : "scanned"]);
      }
      const isWrong = before?.confirmation_tries_left > state.confirmation_tries_left;
      const text = isWrong
        ? this.view.words.wrong.replace("{n}", state.confirmation_tries_left) : "";
      this.view.show("number", text);
    }

    async confirm(event) {
      event.preventDefault();
      const session = this.shown;
      const code = this.view.input.value.trim();
      if (!session || !/^[0-9]{2}$/.test(code)) return this.view.input.focus();
      this.view.send.disabled = true;
      try {
        const answer = await this.post(session, "/confirm", { code });
        const state = await answer.json();
        if (answer.ok) this.hear(session, state);
      } catch {
        this.view.say(this.view.words.offline);
      } finally {
        this.view.send.disabled = false;
        this.view.input.value = "";
        if (!this.view.form.hidden) this.view.input.focus();
      }
    }

    // A form is sent without asking first whether it may be.
    post(session, path, fields = {}) {
      return fetch(this.address(session, path), {
        method: "POST", credentials: "omit", body: new URLSearchParams({ browser_token: session.token, ...fields }),
      });
    }

    tick() {
      const session = this.shown;
      if (session?.state?.status !== "issued" || !session.state.code) return;
      const left = session.state.expires_in - (performance.now() - session.heard);
      const isLast = this.left <= 0;
      this.view.count(isLast ? left : left - lead, isLast ? session.whole : session.whole - lead, isLast);
      const isNewest = this.sessions.at(-1) === session;
      if (left < lead && !isLast && isNewest && !document.hidden) this.add();
    }

    end(session) {
      session.isOver = true;
      session.abort.abort();
      this.sessions = this.sessions.filter((s) => s !== session);
    }

    cancel(session) {
      this.end(session);
      if (isEnded(session)) return;
      const form = new URLSearchParams({ browser_token: session.token });
      navigator.sendBeacon(this.address(session, "/cancel"), form);
    }

    // Whoever has gone to the app by the link comes back, and nobody else waits for the answer any more.
    leave() {
      for (const session of [...this.sessions]) {
        if (this.handedOver) this.end(session); else this.cancel(session);
      }
    }
  }

  function load() {
    if (!document.querySelector('link[href*="countersign.css"]')) {
      const link = element("link", "style", { rel: "stylesheet", href: new URL("countersign.css", script.src).href });
      document.head.append(link);
    }
    for (const root of document.querySelectorAll("[data-countersign]")) new SignIn(root).begin();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", load); else load();
})();
