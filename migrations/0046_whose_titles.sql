-- Whose words a title has: those of the libraries that share one catalogue. Two
-- catalogues have a title each, though their numbers are the same, and neither
-- gets the other's text. A title without a realm is common: it came with no
-- library's record.
alter table titles add column realm_id uuid references sharing_groups;

-- A book to be read online, in large print or in braille is another edition than
-- the printed one, though records of both often carry all their numbers.
alter table titles add column form text not null default '' check (form in ('', 'online', 'large_print', 'braille'));

-- What the editions of one work have in common: the words of the main title, without
-- an article before them, and the first word of the author.
alter table titles add column work text generated always as (
    regexp_replace(trim(regexp_replace(lower(coalesce(nullif(regexp_replace(title, '[:;/].*$', ''), ''), title)),
        '[[:punct:][:space:]]+', ' ', 'g')), '^(the|an|a) ', '')
    || '/' || split_part(trim(regexp_replace(lower(author), '[[:punct:][:space:]]+', ' ', 'g')), ' ', 1)) stored;
create index titles_by_work on titles (work);

-- Those of one catalogue only are its own; what several use stays common.
select set_config('afield.libraries', coalesce((select array_agg(id)::text from libraries), '{}'), true);
update titles t set realm_id = o.realm_id
from (select title_id, min(realm_id::text)::uuid as realm_id from (
        select i.title_id, i.realm_id from items i where i.title_id is not null and i.request_id is null
        union select k.title_id, l.sharing_group_id from title_keys k join libraries l on l.id = k.library_id) used
      group by title_id having count(distinct realm_id) = 1) o
where o.title_id = t.id;

-- A library's record that was taken for a title that was there already, so that it
-- can be taken out again: what the record said, and what the title gained by it.
create table title_joins (
    library_id uuid not null references libraries,
    id         uuid not null,
    title_id   uuid not null references titles,
    key        text not null,        -- the record's number in the library's files, or ''
    said       jsonb not null,
    gained     jsonb not null,
    joined_at  timestamptz not null,
    undone_at  timestamptz,
    undone_as  uuid references titles,
    reason     text not null default '',
    primary key (library_id, id)
);
create index title_joins_by_title on title_joins (library_id, title_id) where undone_at is null;
call afield_protect('title_joins');
