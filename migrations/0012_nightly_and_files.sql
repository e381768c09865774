-- Work done for every library each night, in slices that each stand alone, and
-- files read in or written out.

create table nightly_steps (
    library_id  uuid not null references libraries,
    night       date not null,                    -- the library's date the work is for
    step        text not null,
    started_at  timestamptz not null,
    finished_at timestamptz,
    slices      int not null default 0,
    touched     bigint not null default 0,
    failed      int not null default 0,
    after_on    date,                             -- how far it has come: the last thing worked
    after_id    uuid,
    primary key (library_id, night, step)
);
call afield_protect('nightly_steps');

-- A row that could not be worked: it stands aside and stops nobody else.
create table nightly_failures (
    library_id uuid not null references libraries,
    step       text not null,
    thing_id   uuid not null,
    error      text not null,
    tries      int not null default 1,
    first_at   timestamptz not null,
    last_at    timestamptz not null,
    solved_at  timestamptz,
    primary key (library_id, step, thing_id)
);
create index open_nightly_failures on nightly_failures (library_id, step) where solved_at is null;
call afield_protect('nightly_failures');

-- A file that is being read in: how far, so that it can go on.
create table import_runs (
    library_id  uuid not null references libraries,
    kind        text not null,
    file_hash   text not null,
    rows_done   bigint not null default 0,
    rows_failed bigint not null default 0,
    started_at  timestamptz not null,
    finished_at timestamptz,
    primary key (library_id, kind, file_hash)
);
call afield_protect('import_runs');

-- When a request's history is forgotten, its events no longer say which patron
-- acted; nothing else of them can ever change, and only nightly work may do it.
grant update (actor) on request_events to afield_system;

-- The name a title has in the files of a library: the record number of the
-- system it came from.
create table title_keys (
    library_id uuid not null references libraries,
    key        text not null check (key <> ''),
    title_id   uuid not null references titles,
    primary key (library_id, key)
);
create index title_keys_by_title on title_keys (library_id, title_id);
call afield_protect('title_keys');
