"""The main job through the client that openapi-python-client generates."""

import os
import re
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qs, urlsplit

from teamnotes_client import AuthenticatedClient, Client
from teamnotes_client.api.notes import create_note, get_note, list_notes, update_note
from teamnotes_client.api.reading_list import list_marked_notes, mark_note
from teamnotes_client.api.sessions import log_in
from teamnotes_client.api.users import create_user
from teamnotes_client.models import Credentials, LoggedIn, MarkChange, NewNote, NewUser, Note, NoteChange, Problem

url, password = os.environ["SERVICE_URL"], "walnut-harbour-42"
anyone = Client(base_url=url)
new_user = NewUser(username="petra", name="Petra", password=password)
# The generator takes a session that may be left out for one that is required.
create_user.sync(client=cast(AuthenticatedClient, anyone), body=new_user)
session = log_in.sync(client=anyone, body=Credentials(username="petra", password=password))
assert isinstance(session, LoggedIn) and isinstance(session.token, str)
me = AuthenticatedClient(base_url=url, token=session.token, raise_on_unexpected_status=True)

for content in ["Water the plants", "Order paper", "Call the printer"]:
    create_note.sync(client=me, body=NewNote(content=content))
first = list_notes.sync_detailed(client=me, user="petra", limit=2)
assert isinstance(first.parsed, list)
assert [note.content for note in first.parsed] == ["Call the printer", "Order paper"]
link = re.match('<([^>]*)>; rel="next"', first.headers["link"])
assert link
cursor = parse_qs(urlsplit(link[1]).query)["cursor"][0]
second = list_notes.sync(client=me, user="petra", limit=2, cursor=cursor)
assert isinstance(second, list)
(oldest,) = second
assert oldest.content == "Water the plants"

marked = mark_note.sync_detailed(oldest.id, client=me, body=MarkChange(read=False))
assert marked.status_code == HTTPStatus.CREATED
unread = list_marked_notes.sync(client=me, read=False)
assert isinstance(unread, list)
assert [note.id for note in unread] == [oldest.id]

tag = get_note.sync_detailed(oldest.id, client=me).headers["etag"]
changed = update_note.sync(oldest.id, client=me, body=NoteChange(important=True), if_match=tag)
assert isinstance(changed, Note)
assert changed.version == 2
late = update_note.sync_detailed(oldest.id, client=me, body=NoteChange(important=False), if_match=tag)
assert late.status_code == HTTPStatus.PRECONDITION_FAILED
assert isinstance(late.parsed, Problem)
assert late.parsed.type_ == "/problems/precondition-failed"
