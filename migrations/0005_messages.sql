-- The outbox, the inbox and the log of every dialogue with other libraries.

create table messages (
    library_id      uuid not null references libraries,   -- whose dialogue it is
    id              uuid not null,                         -- stable: a retry sends it again
    direction       text not null check (direction in ('out', 'in')),
    peer_library_id uuid not null references libraries,
    peer_message_id text,                                  -- incoming: the sender's id
    request_id      uuid,
    event_version   int,                                   -- outgoing: the request's version that caused it
    kind            text not null,
    payload         jsonb not null,                        -- the neutral message
    body_hash       bytea,                                 -- incoming: tells a replay from a second use of the id
    status          text not null check (status in ('ready', 'claimed', 'sent', 'failed', 'withdrawn', 'done', 'refused')),
    tries           int not null default 0,
    next_try_at     timestamptz,                           -- business time
    claimed_until   timestamptz,                           -- wall time: a dead worker's claim lapses
    claimed_by      text not null default '',              -- the node that has it, or had it last
    answer          jsonb,                                 -- what came back, or what we answered
    last_error      text not null default '',
    raw             text,                                  -- the wire text; holds patron data
    raw_expires_on  date not null,
    created_at      timestamptz not null,
    done_at         timestamptz,
    primary key (library_id, id),
    foreign key (library_id, request_id) references requests,
    check (direction = 'out' or peer_message_id is not null),
    check (status not in ('ready', 'claimed') or next_try_at is not null)
);
create unique index message_received_once on messages (library_id, peer_library_id, peer_message_id) where direction = 'in';
create index messages_to_send on messages (next_try_at) where status in ('ready', 'claimed');
create index messages_by_request on messages (library_id, request_id, created_at);
create index messages_by_raw_expiry on messages (raw_expires_on) where raw is not null;
call afield_protect('messages');
