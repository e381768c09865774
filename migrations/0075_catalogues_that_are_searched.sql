-- Where the catalogue of a library can be searched (SRU), whichever way its messages
-- go: a member, a partner and a library that is asked by hand may all have one.
-- What is left out follows from the make of its system. The last four columns say how
-- it answers; no patron data.
create table search_targets (
    library_id  uuid primary key references libraries,
    url         text not null,
    system      text not null default '',
    version     text not null default '' check (version in ('', '1.1', '1.2', '2.0')),
    schema      text not null default '',
    holdings    text not null default '',
    indexes     jsonb not null default '{}',
    owner       text not null default '',
    account     text not null default '',
    password    bytea,   -- sealed
    allow_private_address boolean not null default false,
    created_at  timestamptz not null,
    asked_at    timestamptz,
    answered_at timestamptz,
    failures    int not null default 0,   -- in a row
    problem     text not null default ''
);
