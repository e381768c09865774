-- A library's own catalogue record of a title as it came to us, without its
-- copies: subjects, original script and all else that we do not work with go
-- home in an export.
create table title_records (
    library_id uuid not null references libraries,
    id         uuid not null,
    title_id   uuid not null references titles,
    key        text not null,      -- its record number in the system it comes from, else the title's id
    record     bytea not null,     -- MARC 21 in UTF-8: binary, or XML where it is too long for that
    primary key (library_id, id)
);
create index title_records_by_title on title_records (library_id, title_id);
call afield_protect('title_records');

-- Copies that were left out while their records went in.
alter table import_runs add column copies_left_out bigint not null default 0;
