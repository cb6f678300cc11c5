#!/bin/sh
# A client for the shell, with curl and jq: examples/client.sh http://127.0.0.1:3001
set -eu
url=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
auth=Authorization:

# call METHOD PATH [BODY] [HEADER]: leaves the status in $status, the headers and the body in files.
# Retries what curl takes for transient: no connection, a timeout, 408, 429 and 5xx, after Retry-After.
call() {
  status=$(curl -sS --retry 3 --retry-connrefused -X "$1" "$url$2" -H "$auth" -H "${4:-Accept:}" \
    ${3:+--json "$3"} -D "$work/headers" -o "$work/body" -w '%{http_code}')
}

# call, which has to succeed.
must() {
  call "$@"
  case $status in 2*) ;; *) jq -r '"\(.status): \(.detail)"' "$work/body" >&2; exit 1 ;; esac
}

header() { sed -n "s/^$1: \(.*\)\r$/\1/p" "$work/headers"; }

# create PATH BODY KEY: once for a key, however often curl has to try.
create() { must POST "$1" "$2" "Idempotency-Key: $3"; }

new_key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# all PATH: the items of a list, page by page, one a line.
all() {
  next=$1
  while [ -n "$next" ]; do
    must GET "$next"
    jq -c '.[]' "$work/body"
    next=$(header link | sed -n 's/.*<\([^>]*\)>; rel="next".*/\1/p')
  done
}

# edit PATH FILTER: changes the resource that was read last by what a jq filter makes of it; no other change is lost.
edit() {
  while change=$(jq -c "(.current // .) | $2" "$work/body"); do
    call PUT "$1" "$change" "If-Match: $(header etag)"
    case $status in 200) return ;; 412) ;; *) cat "$work/body" >&2; exit 1 ;; esac
  done
}

user='{"username":"shirin","name":"Shirin","password":"walnut-harbour-42"}'
call POST /api/users "$user"
case $status in 201 | 409) ;; *) cat "$work/body" >&2; exit 1 ;; esac
must POST /api/login "$user"
auth="Authorization: Bearer $(jq -r .token "$work/body")"

key=$(new_key)
create /api/notes '{"content":"Water the plants"}' "$key"
id=$(jq .id "$work/body")
create /api/notes '{"content":"Water the plants"}' "$key"
[ "$(jq .id "$work/body")" = "$id" ] || { echo "a retry makes another note" >&2; exit 1; }
create /api/notes '{"content":"Order paper"}' "$(new_key)"
must PUT "/api/notes/$id/mark" '{"read":false}'
must GET "/api/notes/$id"
# Somebody is faster, so the first attempt gets 412.
curl -sS -o "$work/other" -X PUT "$url/api/notes/$id" -H "$auth" --json '{"important":true}'
edit "/api/notes/$id" '{content: (.content + " on Friday")}'
all "/api/notes?user=shirin&limit=1&fields=version,content" | jq -r '"\(.version) \(.content)"'
must GET "/api/notes/$id?include=users_marked"
readers=$(jq .marked_count "$work/body")
must GET '/api/readinglists?read=false&limit=1&count=exact'
echo "readers: $readers unread: $(header x-total-count)"
