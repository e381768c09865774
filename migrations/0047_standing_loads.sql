-- Files that are read every night, though nobody watches.
create table standing_loads (
    library_id     uuid not null references libraries,
    id             uuid not null,
    name           text not null check (name <> ''),
    kind           text not null,
    source         text not null,                    -- a folder or file, or an address
    private        boolean not null default false,   -- the address may be on a private network
    map            text not null default '',         -- the name of a shipped map, or a map as it is written
    holdings       text not null default '',
    read_at        time not null default '03:00',    -- on the library's clock
    every_days     int not null default 1 check (every_days between 1 and 366),
    shrink_percent int not null default 10 check (shrink_percent between 0 and 100),
    removes        boolean not null default false,   -- what the file no longer names is taken out
    created_at     timestamptz not null,
    night_on       date,                             -- the last date on which it was read, or should have been
    came_at        timestamptz,                      -- when a new file last came
    file_hash      text not null default '',
    file_rows      bigint not null default 0,        -- of the last file that was not shorter than it may be
    primary key (library_id, id),
    unique (library_id, name)
);
call afield_protect('standing_loads');

create table load_runs (
    library_id  uuid not null references libraries,
    id          uuid not null,
    load_id     uuid not null,
    file_hash   text not null default '',
    started_at  timestamptz not null,
    finished_at timestamptz,
    outcome     text not null default '' check (outcome in ('', 'read', 'same_file', 'missing', 'shrunk', 'failed')),
    counts      jsonb not null default '{}',
    detail      text not null default '',
    primary key (library_id, id),
    foreign key (library_id, load_id) references standing_loads (library_id, id) on delete cascade
);
create index load_runs_by_load on load_runs (library_id, load_id, started_at desc);
call afield_protect('load_runs');

-- What a load has brought, to find what its file no longer names.
create table load_names (
    library_id uuid not null references libraries,
    load_id    uuid not null,
    name       text not null,
    run_id     uuid not null,        -- the last run that named it
    removed_at timestamptz,          -- taken out, because a file named it no longer
    primary key (library_id, load_id, name),
    foreign key (library_id, load_id) references standing_loads (library_id, id) on delete cascade
);
call afield_protect('load_names');
