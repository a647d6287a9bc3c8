/// The console's pages. Mustache escapes what `{{...}}` inserts; `{{{...}}}` is HTML of our own.
let pageTemplates = [
    "frame": """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{{title}} - Countersign</title>
    <link rel="stylesheet" href="/console/style.css">
    <script src="/console/console.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#main">Skip to content</a>
    <header>
    <strong>Countersign</strong>
    <nav aria-label="Pages">{{#links}}<a href="{{address}}"{{#current}} aria-current="page"{{/current}}>{{title}}</a>{{/links}}</nav>
    <form method="post" action="/console/logout"><input type="hidden" name="csrf" value="{{csrf}}">
    <span>{{operator}} ({{role}})</span> <button>Sign out</button></form>
    </header>
    {{#hasNotice}}<p class="notice" role="status">{{notice}}</p>{{/hasNotice}}
    <main id="main" tabindex="-1"{{#live}} data-live="/console/live/{{page}}"{{/live}}>{{{inner}}}</main>
    <footer><span id="live-state" role="status">{{#live}}Connecting...{{/live}}</span></footer>
    </body>
    </html>
    """,
    "login": """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Sign in - Countersign</title>
    <link rel="stylesheet" href="/console/style.css">
    </head>
    <body>
    <main class="login">
    <h1>Countersign console</h1>
    {{#failed}}<p class="notice bad" role="alert">Name or password is wrong, or there were too many tries: wait a minute.</p>{{/failed}}
    <form method="post" action="/console/login">
    <label>Name <input name="name" autocomplete="username" required autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Sign in</button>
    </form>
    <p>Accounts are made by <code>countersign operator add</code>.</p>
    </main>
    </body>
    </html>
    """,
    "queues": """
    <h1>Queues</h1>
    <table><thead><tr><th>Stage</th><th>Waiting</th><th>Last hour</th><th>Oldest</th><th>In flight</th>
    <th>Done, last minute</th><th>Batch size</th><th>State</th>{{#admin}}<th>Act</th>{{/admin}}</tr></thead><tbody>
    {{#queues}}<tr><td data-label="Stage">{{stage}}</td><td class="number" data-label="Waiting">{{waiting}}</td>
    <td data-label="Last hour"><svg class="spark" viewBox="0 0 120 24" role="img" aria-label="{{spoken}}"><polyline points="{{points}}"/></svg></td>
    <td class="number" data-label="Oldest">{{oldest}}</td><td class="number" data-label="In flight">{{flight}}</td>
    <td class="number" data-label="Done, last minute">{{done}}</td><td class="number" data-label="Batch size">{{batch}}</td>
    <td data-label="State">{{#paused}}<strong class="bad">paused</strong>{{/paused}}{{^paused}}running{{/paused}}</td>
    {{#admin}}<td data-label="Act">{{>act-stage}}</td>{{/admin}}</tr>
    {{/queues}}</tbody></table>
    <h2>Workers</h2>
    {{^workers}}<p class="bad">No worker is running.</p>{{/workers}}
    {{#hasWorkers}}<table><thead><tr><th>Worker</th><th>Host</th><th>Process</th><th>Program</th><th>Up for</th>
    <th>Heartbeat</th><th>Errors</th><th>Stages</th><th>State</th>{{#admin}}<th>Act</th>{{/admin}}</tr></thead><tbody>
    {{#workers}}<tr><td data-label="Worker"><code>{{id}}</code></td><td data-label="Host">{{host}}</td><td class="number" data-label="Process">{{process}}</td>
    <td class="number" data-label="Program">{{program}}</td><td class="number" data-label="Up for">{{up}}</td>
    <td class="number" data-label="Heartbeat">{{heartbeat}}</td><td class="number" data-label="Errors">{{errors}}</td><td data-label="Stages">{{stages}}</td>
    <td data-label="State">{{#draining}}draining{{/draining}}{{^draining}}working{{/draining}}</td>
    {{#admin}}<td data-label="Act">{{^draining}}<form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="queues">
    <input type="hidden" name="name" value="{{id}}"><button id="drain-{{id}}" name="action" value="drain-worker">Drain</button></form>{{/draining}}</td>{{/admin}}</tr>
    {{/workers}}</tbody></table>{{/hasWorkers}}
    """,
    "act-stage": """
    <form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="queues">
    <input type="hidden" name="name" value="{{stage}}">{{#paused}}<button id="resume-{{stage}}" name="action" value="resume-stage">Resume</button>{{/paused}}{{^paused}}<button id="pause-{{stage}}" name="action" value="pause-stage">Pause</button>{{/paused}}
    <label class="small">Batch <input id="batch-{{stage}}" name="value" inputmode="numeric" size="4" placeholder="default"></label>
    <button id="set-{{stage}}" name="action" value="batch-size">Set</button></form>
    """,
    "portals": """
    <h1>Portals</h1>
    {{^portals}}<p>There are no portals yet: <code>countersign portal add</code>.</p>{{/portals}}
    {{#hasPortals}}<table><thead><tr><th>Portal</th><th>Display name</th><th>Login</th><th>State</th><th>Open requests allowed</th>{{#admin}}<th>Act</th>{{/admin}}</tr></thead><tbody>
    {{#portals}}<tr><td data-label="Portal">{{name}}</td><td data-label="Display name">{{display}}</td><td data-label="Login">{{login}}</td>
    <td data-label="State">{{#disabled}}<strong class="bad">disabled</strong>{{/disabled}}{{^disabled}}{{#paused}}<strong class="bad">paused</strong>{{/paused}}{{^paused}}running{{/paused}}{{/disabled}}{{#over}} <strong class="bad">over its limit</strong>{{/over}}</td>
    <td class="number" data-label="Open requests allowed">{{limit}}</td>
    {{#admin}}<td data-label="Act"><form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="portals"><input type="hidden" name="name" value="{{name}}">
    {{#paused}}<button id="resume-{{name}}" name="action" value="resume-portal">Resume</button>{{/paused}}{{^paused}}<button id="pause-{{name}}" name="action" value="pause-portal">Pause</button>{{/paused}}
    {{#disabled}}<button id="enable-{{name}}" name="action" value="enable-portal">Enable</button>{{/disabled}}{{^disabled}}<button id="disable-{{name}}" name="action" value="disable-portal">Disable</button>{{/disabled}}
    <label class="small">Limit <input id="limit-{{name}}" name="value" inputmode="numeric" size="9" placeholder="{{limit}}"></label>
    <button id="set-{{name}}" name="action" value="limit-portal">Set</button></form></td>{{/admin}}</tr>
    {{/portals}}</tbody></table>{{/hasPortals}}
    """,
    "requests": """
    <h1>One request</h1>
    <form method="get" action="/console/requests"><label>Transaction id <input name="id" value="{{asked}}" size="36" autocomplete="off" required></label> <button>Show</button></form>
    {{#problem}}<p class="notice bad" role="alert">{{problem}}</p>{{/problem}}
    {{#life}}<table><caption>Request {{id}}</caption><tbody>{{#facts}}<tr><th scope="row">{{name}}</th><td>{{value}}</td></tr>{{/facts}}</tbody></table>
    <h2>What happened</h2><table><thead><tr><th>When</th><th>What</th><th>Details</th></tr></thead><tbody>
    {{#steps}}<tr><td data-label="When">{{at}}</td><td data-label="What">{{what}}</td><td data-label="Details">{{details}}</td></tr>{{/steps}}</tbody></table>{{/life}}
    """,
    "webhooks": """
    <h1>Webhooks that failed</h1>
    {{^failures}}<p>None in the last day.</p>{{/failures}}
    {{#hasFailures}}<table><thead><tr><th>Request</th><th>Portal</th><th>State</th><th>Attempts</th><th>Last answer</th><th>Last attempt</th><th>Next attempt</th>{{#admin}}<th>Act</th>{{/admin}}</tr></thead><tbody>
    {{#failures}}<tr><td data-label="Request"><a href="/console/requests?id={{id}}">{{id}}</a></td><td data-label="Portal">{{portal}}</td><td data-label="State">{{#dead}}<strong class="bad">dead</strong>{{/dead}}{{^dead}}waits for its retry{{/dead}}</td>
    <td class="number" data-label="Attempts">{{attempts}}</td><td data-label="Last answer">{{answer}}</td><td data-label="Last attempt">{{last}}</td><td data-label="Next attempt">{{next}}</td>
    {{#admin}}<td data-label="Act"><form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="webhooks"><input type="hidden" name="name" value="{{id}}">
    <button id="send-{{id}}" name="action" value="send-webhook">{{#dead}}Replay{{/dead}}{{^dead}}Retry now{{/dead}}</button></form></td>{{/admin}}</tr>
    {{/failures}}</tbody></table>{{/hasFailures}}
    """,
    "events": """
    <h1>Events</h1>
    <p>The last 100, newest first. Users and details are in the audit: <code>countersign events</code>.</p>
    <table><thead><tr><th>When</th><th>What</th><th>Who</th><th>Portal or app</th><th>Request</th></tr></thead><tbody>
    {{#events}}<tr><td data-label="When">{{at}}</td><td data-label="What">{{type}}</td><td data-label="Who">{{actor}}</td><td data-label="Portal or app">{{of}}</td>
    <td data-label="Request">{{#id}}<a href="/console/requests?id={{id}}">{{id}}</a>{{/id}}</td></tr>{{/events}}</tbody></table>
    """,
    "settings": """
    <h1>General mobile config</h1>
    <table><thead><tr><th>Setting</th><th>Value</th>{{#admin}}<th>Act</th>{{/admin}}</tr></thead><tbody>
    {{#settings}}<tr><td data-label="Setting"><code>{{name}}</code></td><td data-label="Value">{{#on}}on{{/on}}{{^on}}<strong>off</strong>{{/on}}</td>
    {{#admin}}<td data-label="Act"><form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="settings"><input type="hidden" name="name" value="{{name}}">
    {{#on}}<button id="off-{{name}}" name="action" value="setting-off">Switch off</button>{{/on}}{{^on}}<button id="on-{{name}}" name="action" value="setting-on">Switch on</button>{{/on}}</form></td>{{/admin}}</tr>{{/settings}}</tbody></table>
    <h2>Authentication types</h2>
    <table><thead><tr><th>Type</th><th>Method</th><th>Request expires in</th><th>Messages</th></tr></thead><tbody>
    {{#types}}<tr><td data-label="Type">{{name}}</td><td data-label="Method">{{method}}</td><td class="number" data-label="Request expires in">{{expires}} s</td><td data-label="Messages">{{messages}}</td></tr>{{/types}}</tbody></table>
    <h2>Callback configuration</h2>
    <table><thead><tr><th>Portal</th><th>Address</th><th>Basic authentication</th></tr></thead><tbody>
    {{#callbacks}}<tr><td data-label="Portal">{{portal}}</td><td data-label="Address">{{url}}</td><td data-label="Basic authentication">{{user}}</td></tr>{{/callbacks}}</tbody></table>
    <h2>Log levels</h2>
    <table><thead><tr><th>Module</th><th>Level</th></tr></thead><tbody>{{#levels}}<tr><td data-label="Module">{{module}}</td><td data-label="Level">{{level}}</td></tr>{{/levels}}
    {{^levels}}<tr><td data-label="Module">all</td><td data-label="Level">as each program was started</td></tr>{{/levels}}</tbody></table>
    {{#admin}}<form method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="settings">
    <label>Module <input name="name" value="all" size="12" required></label>
    <label>Level <select name="value"><option>trace</option><option>debug</option><option>info</option><option>notice</option><option>warning</option><option>error</option><option>critical</option><option>default</option></select></label>
    <button id="set-level" name="action" value="log-level">Set</button></form>{{/admin}}
    """,
]
