-- What a request and all that belongs to it were before its last act, while that
-- act can be taken back: until the request moves on, or the act's message is sent.
-- Ids, states and dates only; whoever acted stands in the timeline.
create table request_undo (
    library_id uuid not null,
    request_id uuid not null,
    version    int not null,                   -- the request's, after the act
    event      text not null,                  -- what takes it back
    by_patron  boolean not null,               -- a patron's act is theirs to take back, too
    at         timestamptz not null,
    deadlines  jsonb not null,
    tasks      jsonb not null,                 -- that were open
    notices    uuid[] not null,                -- that were due
    messages   uuid[] not null,                -- that waited to be sent
    items      jsonb not null,                 -- whose status the act changed
    made       uuid[] not null default '{}',   -- items that the act made
    changes    jsonb not null default '{}',    -- columns as they were, and what the act made
    primary key (library_id, request_id),
    foreign key (library_id, request_id) references requests
);
call afield_protect('request_undo');
