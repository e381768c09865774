-- What a lender has sent for a request that no longer depends on it. It goes back
-- unused; its lender hears that it came, and that it is on its way home.
create table late_parcels (
    library_id   uuid not null,
    id           uuid not null,
    request_id   uuid not null,
    entry_id     uuid not null,             -- the lender's place in the rota
    barcode      text not null default '',  -- the lender's, where it named one
    volume       text not null default '',
    announced_at timestamptz,               -- when its lender said that it is on its way
    arrived_at   timestamptz,
    sent_at      timestamptz,
    home_at      timestamptz,
    primary key (library_id, id),
    foreign key (library_id, request_id) references requests,
    foreign key (library_id, entry_id) references rota_entries
);
create index late_parcels_by_request on late_parcels (library_id, request_id);
create index late_parcels_by_barcode on late_parcels (library_id, barcode) where sent_at is null and barcode <> '';
call afield_protect('late_parcels');
create trigger noted_by_desk_acts after insert or update or delete on late_parcels for each row
    when (current_setting('afield.act', true) <> '') execute function afield_note_change('library_id,id');
