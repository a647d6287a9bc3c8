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
    <p id="over" class="notice problem" role="alert" hidden>Your session is over. <a href="/console/login?next={{page}}">Sign in again</a>.</p>
    {{#hasNotice}}<p class="notice done" role="status">{{notice}}</p>{{/hasNotice}}
    <main id="main" tabindex="-1"{{#live}} data-live="/console/live/{{page}}"{{/live}}>{{{inner}}}</main>
    <footer>{{#live}}<span id="live-state" role="status">Reload the page to see what is new.</span>{{/live}} Times are UTC.</footer>
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
    <form method="post" action="/console/login"><input type="hidden" name="next" value="{{next}}">
    <label>Name <input name="name" autocomplete="username" required autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" maxlength="256" required></label>
    {{#hasProblem}}<p class="problem" role="alert">{{problem}}</p>{{/hasProblem}}
    <button>Sign in</button>
    </form>
    <p>Accounts are made by <code>countersign operator add NAME [--admin]</code>.</p>
    </main>
    </body>
    </html>
    """,
    // A button that takes something with it asks first, without a script.
    "form": """
    {{#asks}}<details id="more-{{form}}"{{#refused}} open{{/refused}}><summary aria-label="{{label}} {{object}}...">{{label}}...</summary><p>{{warning}}</p>{{/asks}}
    <form id="form-{{form}}" method="post" action="/console/act"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="page" value="{{page}}"><input type="hidden" name="form" value="{{form}}">
    {{#fields}}{{#isHidden}}<input type="hidden" name="{{field}}" value="{{value}}">{{/isHidden}}
    {{^isHidden}}<label class="small"><span>{{caption}}</span>
    {{#isLine}}<input id="{{input}}" name="{{field}}" value="{{value}}" size="{{size}}" placeholder="{{hint}}" autocomplete="off"{{#isWrong}} autofocus aria-invalid="true" aria-describedby="problem-{{form}}"{{/isWrong}}>{{/isLine}}
    {{#isLines}}<textarea id="{{input}}" name="{{field}}" rows="2" cols="32" placeholder="{{hint}}">{{value}}</textarea>{{/isLines}}
    {{#isChoice}}<select id="{{input}}" name="{{field}}">{{#options}}<option{{#chosen}} selected{{/chosen}}>{{word}}</option>{{/options}}</select>{{/isChoice}}</label>{{/isHidden}}{{/fields}}
    <button id="{{form}}" name="action" value="{{action}}" aria-label="{{pressed}} {{object}}">{{pressed}}</button>
    {{#refused}}<p class="problem" id="problem-{{form}}" role="alert">Not done: {{problem}}.</p>{{/refused}}</form>{{#asks}}</details>{{/asks}}
    """,
    "queues": """
    <h1>Queues</h1>
    {{#hasAttention}}<section class="attention" aria-labelledby="attention"><h2 id="attention">Needs attention</h2><ul>
    {{#attention}}<li>{{what}}: <a href="{{address}}"><strong>{{names}}</strong></a></li>{{/attention}}</ul></section>{{/hasAttention}}
    {{^hasAttention}}<p class="faint">Nothing is paused, disabled, switched off or over its limit, and every stage has a worker.</p>{{/hasAttention}}
    <table><thead><tr><th scope="col">Stage</th><th scope="col">State</th><th scope="col" class="number">Waiting</th><th scope="col">Done, last hour</th><th scope="col" class="number">Oldest</th><th scope="col" class="number">In flight</th>
    <th scope="col" class="number">Done, last minute</th><th scope="col" class="number">Batch size</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#queues}}<tr{{#paused}} class="halted"{{/paused}}><th scope="row">{{stage}}</th>
    <td class="short" data-label="State">{{#paused}}<strong class="tag">paused</strong>{{/paused}}{{^paused}}running{{/paused}}</td>
    <td class="number" data-label="Waiting">{{waiting}}</td>
    <td data-label="Done, last hour"><span class="chart">{{#hasLines}}<svg class="spark" viewBox="0 0 120 24" role="img" aria-label="{{spoken}}">{{#lines}}<polyline points="{{.}}"/>{{/lines}}</svg><span class="small" aria-hidden="true">max {{most}}/min</span>{{/hasLines}}{{^hasLines}}<span class="small">{{spoken}}</span>{{/hasLines}}</span></td>
    <td class="number" data-label="Oldest">{{oldest}}</td><td class="number" data-label="In flight">{{flight}}</td>
    <td class="number" data-label="Done, last minute">{{done}}</td><td class="number" data-label="Batch size">{{batch}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>
    {{/queues}}</tbody></table>
    <h2>Workers</h2>
    {{^hasWorkers}}<p class="problem">No worker is running. Start one: <code>countersign work</code>, or <code>systemctl start countersign-worker@1</code>.</p>{{/hasWorkers}}
    {{#hasWorkers}}<table><thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col">Host</th><th scope="col" class="number">Process</th><th scope="col" class="number">Program</th><th scope="col" class="number">Up for</th>
    <th scope="col" class="number">Heartbeat</th><th scope="col" class="number">Errors</th><th scope="col">Stages</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#workers}}<tr{{#draining}} class="halted"{{/draining}}><th scope="row" class="long"><code>{{id}}</code></th>
    <td class="short" data-label="State">{{#draining}}<strong class="tag">draining</strong>{{/draining}}{{^draining}}working{{/draining}}</td>
    <td class="long" data-label="Host">{{host}}</td><td class="number" data-label="Process">{{process}}</td>
    <td class="number" data-label="Program">{{program}}</td><td class="number" data-label="Up for">{{up}}</td>
    <td class="number" data-label="Heartbeat">{{heartbeat}} ago</td><td class="number" data-label="Errors">{{errors}}</td><td class="long" data-label="Stages">{{stages}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>
    {{/workers}}</tbody></table>{{/hasWorkers}}
    """,
    "portals": """
    <h1>Portals</h1>
    {{^hasPortals}}<p>There are no portals yet. Add one, whose secrets are shown to who types it: <code>countersign portal add NAME --role LOGIN</code>.</p>{{/hasPortals}}
    {{#hasPortals}}<table><thead><tr><th scope="col">Portal</th><th scope="col">State</th><th scope="col">Display name</th><th scope="col">Login</th><th scope="col" class="number">Open requests allowed</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#portals}}<tr{{^fine}} class="halted"{{/fine}}><th scope="row" class="long">{{name}}</th>
    <td class="short" data-label="State"><span>{{#fine}}running{{/fine}}{{#disabled}}<strong class="tag">disabled</strong> {{/disabled}}{{#paused}}<strong class="tag">paused</strong> {{/paused}}{{#over}}<strong class="tag">over its limit</strong>{{/over}}</span></td>
    <td class="long" data-label="Display name">{{display}}</td><td class="long" data-label="Login">{{login}}</td>
    <td class="number" data-label="Open requests allowed">{{limit}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>
    {{/portals}}</tbody></table>{{/hasPortals}}
    """,
    "requests": """
    <h1>One request</h1>
    <form method="get" action="/console/requests"><label>Transaction id <input name="id" value="{{asked}}" size="36" autocomplete="off" required{{#problem}} autofocus aria-invalid="true" aria-describedby="problem"{{/problem}}></label> <button>Show</button>
    {{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}</form>
    {{^life}}<p class="faint">The portal has the transaction id from its INSERT; <a href="/console/events">events</a> and <a href="/console/webhooks">webhooks</a> link to theirs.</p>{{/life}}
    {{#life}}<table class="facts"><caption>Request {{id}}</caption><tbody>{{#facts}}<tr><th scope="row">{{name}}</th><td>{{value}}</td></tr>{{/facts}}</tbody></table>
    <h2>What happened</h2><table><thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Details</th></tr></thead><tbody>
    {{#steps}}<tr><th scope="row" class="short">{{at}}</th><td data-label="What">{{what}}</td><td class="long" data-label="Details">{{details}}</td></tr>{{/steps}}</tbody></table>{{/life}}
    """,
    "webhooks": """
    <h1>Webhooks that failed</h1>
    <p class="faint">Of the last day, at most 100. Older ones: <code>countersign webhook list</code>.</p>
    {{^hasFailures}}<p>None in the last day: every receiver has answered 2xx.</p>{{/hasFailures}}
    {{#hasFailures}}<table><thead><tr><th scope="col">Request</th><th scope="col">State</th><th scope="col">Portal</th><th scope="col" class="number">Attempts</th><th scope="col">Last answer</th><th scope="col">Last attempt</th><th scope="col">Next attempt</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#failures}}<tr{{#dead}} class="halted"{{/dead}}><th scope="row" class="long"><a href="/console/requests?id={{id}}">{{id}}</a></th>
    <td class="short" data-label="State">{{#dead}}<strong class="tag">dead</strong>{{/dead}}{{^dead}}waits for its retry{{/dead}}</td><td class="long" data-label="Portal">{{portal}}</td>
    <td class="number" data-label="Attempts">{{attempts}}</td><td class="long" data-label="Last answer">{{answer}}</td><td class="short" data-label="Last attempt">{{last}}</td><td class="short" data-label="Next attempt">{{next}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>
    {{/failures}}</tbody></table>{{/hasFailures}}
    {{#admin}}<h2>Replay what died</h2>{{#replay}}{{>form}}{{/replay}}
    <p class="faint">Every dead delivery of the portal since then, however many: <code>15m</code>, <code>2h</code>, or a time such as <code>2026-01-31T12:00:00Z</code>.</p>{{/admin}}
    """,
    "events": """
    <h1>Events</h1>
    <p class="faint">The last 100, newest first. Users and details are in the audit: <code>countersign events</code>.</p>
    {{^hasEvents}}<p>Nothing has happened yet: requests that end, and each change by an operator, are listed here.</p>{{/hasEvents}}
    {{#hasEvents}}<table><thead><tr><th scope="col">When</th><th scope="col">What</th>{{#admin}}<th scope="col">Who</th>{{/admin}}<th scope="col">Portal or app</th><th scope="col">Request</th></tr></thead><tbody>
    {{#events}}<tr><th scope="row" class="short">{{at}}</th><td data-label="What">{{type}}</td>{{#admin}}<td class="long" data-label="Who">{{actor}}</td>{{/admin}}<td class="long" data-label="Portal or app">{{of}}</td>
    <td class="long" data-label="Request">{{#id}}<a href="/console/requests?id={{id}}">{{id}}</a>{{/id}}</td></tr>{{/events}}</tbody></table>{{/hasEvents}}
    """,
    "settings": """
    <h1>General mobile config</h1>
    <table><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">While it is off</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#settings}}<tr{{^on}} class="halted"{{/on}}><th scope="row" class="long"><code>{{name}}</code></th><td data-label="Value">{{#on}}on{{/on}}{{^on}}<strong class="tag">off</strong>{{/on}}</td><td class="long" data-label="While it is off">{{off}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>{{/settings}}</tbody></table>
    <h2>Authentication types</h2>
    {{^hasTypes}}<p>None yet, and requests need one: portals write its name into <code>auth_type</code>.</p>{{/hasTypes}}
    {{#hasTypes}}<table><thead><tr><th scope="col">Type</th><th scope="col">Method</th><th scope="col" class="number">Request expires in</th><th scope="col">Messages</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#types}}<tr><th scope="row" class="long">{{name}}</th><td data-label="Method">{{method}}</td><td class="number" data-label="Request expires in">{{expires}} s</td><td class="long" data-label="Messages">{{messages}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>{{/types}}</tbody></table>{{/hasTypes}}
    {{#addType}}{{>form}}{{/addType}}
    <h2>Callback configuration</h2>
    {{^hasCallbacks}}<p>None yet: a request's <code>callback_uri</code> must be one of its portal's addresses.</p>{{/hasCallbacks}}
    {{#hasCallbacks}}<table><thead><tr><th scope="col">Address</th><th scope="col">Portal</th><th scope="col">Basic authentication</th>{{#admin}}<th scope="col">Act</th>{{/admin}}</tr></thead><tbody>
    {{#callbacks}}<tr><th scope="row" class="long">{{url}}</th><td class="long" data-label="Portal">{{portal}}</td><td data-label="Basic authentication">{{user}}</td>
    {{#admin}}<td class="act" data-label="Act"><div>{{#forms}}{{>form}}{{/forms}}</div></td>{{/admin}}</tr>{{/callbacks}}</tbody></table>{{/hasCallbacks}}
    {{#addCallback}}{{>form}}{{/addCallback}}
    {{#admin}}<p class="faint">With Basic authentication: <code>countersign callback add PORTAL ADDRESS --username NAME --password-stdin</code>.</p>{{/admin}}
    <h2>Log levels</h2>
    {{^levels}}<p>Every module logs as its program was started.</p>{{/levels}}
    {{#hasLevels}}<table><thead><tr><th scope="col">Module</th><th scope="col">Level</th></tr></thead><tbody>{{#levels}}<tr><th scope="row" class="long">{{module}}</th><td data-label="Level">{{level}}</td></tr>{{/levels}}</tbody></table>{{/hasLevels}}
    {{#setLevel}}{{>form}}{{/setLevel}}
    {{#admin}}<p class="faint">A module is a stage, <code>worker</code>, <code>gateway</code> or <code>operations</code>; <code>all</code> is those without a level of their own.</p>{{/admin}}
    """,
]
