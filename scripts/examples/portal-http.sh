#!/usr/bin/env bash
# A portal that speaks HTTP, with curl: starts a sign-in, shows the code, waits for the end, says who signed in.
# usage: BASE=http://127.0.0.1:8080 CREDENTIALS=client:secret scripts/examples/portal-http.sh CALLBACK_URI
set -euo pipefail

api=$BASE/oauth/api/v4/authenticate
# From a file, because others see the arguments of a process.
configuration=$(mktemp)
trap 'rm -f "$configuration"' EXIT
printf 'user = "%s"\nsilent\nshow-error\nfail\n' "$CREDENTIALS" >"$configuration"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }

started=$(curl -K "$configuration" "$api/user" --data-urlencode type=qr-code --data-urlencode "callback_uri=$1")
transaction=$(field transaction_id <<<"$started")
echo "code $(field otp <<<"$started")"

# Each call waits up to 30 s for the end.
while :; do
    result=$(curl -K "$configuration" "$api/transaction/$transaction?wait=30")
    case $(field status <<<"$result") in requested | issued | scanned) ;; *) break ;; esac
done
if [ "$(field is_authenticated <<<"$result")" = True ]; then
    echo "signed in as $(field user_id <<<"$result")"
else
    echo "not signed in: $(field status <<<"$result")"
fi
