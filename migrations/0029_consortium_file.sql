-- A consortium is set up from one file: number patterns tell cards from items,
-- staff are invited, and what was changed by whom is kept.

-- How a library's card numbers and item barcodes look. Those of one sharing group
-- never look alike, so that a card is never taken for an item.
create table number_patterns (
    library_id uuid not null references libraries,
    position   int not null check (position >= 0),
    kind       text not null check (kind in ('card', 'item')),
    prefix     text not null check (prefix <> '' and length(prefix) <= length),
    length     int not null check (length between 1 and 40),
    primary key (library_id, position)
);

-- Invitations of staff. Only a hash of the token is kept. Looked up before the
-- library is known, so shared by design, as tokens are.
create table invitations (
    id           uuid primary key,
    hash         bytea not null unique,
    library_id   uuid not null references libraries,
    username     text not null,
    roles        text[] not null,
    branch_id    uuid,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    accepted_at  timestamptz,
    withdrawn_at timestamptz,
    check (accepted_at is null or withdrawn_at is null),
    foreign key (library_id, branch_id) references branches
);
create unique index invitations_open on invitations (library_id, username) where accepted_at is null and withdrawn_at is null;

-- What was changed in how libraries are set up. One row for each library that a
-- change touched, and one without a library for what they have in common; before
-- and after are parts of a consortium file, so that applying before undoes it.
create table configuration_changes (
    id         uuid primary key,
    change_id  uuid not null,      -- the rows that were changed together
    library_id uuid references libraries,
    at         timestamptz not null,
    by         jsonb not null,
    reason     text not null check (reason <> ''),
    lines      jsonb not null,     -- in words: what, before, after
    before     text not null,
    after      text not null
);
create index configuration_changes_by_change on configuration_changes (change_id);
create index configuration_changes_by_library on configuration_changes (library_id, id);
call afield_protect('configuration_changes', 'library_id is null or library_id = any ((select afield_visible())::uuid[])');
create function configuration_change_stays() returns trigger language plpgsql as $$
begin
    raise exception 'configuration_changes is a log: nothing in it changes';
end $$;
create trigger configuration_change_stays before update or delete on configuration_changes
    for each row execute function configuration_change_stays();
