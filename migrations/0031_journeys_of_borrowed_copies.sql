-- A borrowed copy that is in the library may be on its way between its branches.

create or replace view breach_custody_beside_item as
    select v.library_id, v.request_id, v.item_id, v.custody, i.status, l.status as loan
    from request_items v
    join requests r on r.library_id = v.library_id and r.id = v.request_id and r.side = 'borrowing'
    join items i on i.library_id = v.library_id and i.id = v.item_id
    left join loans l on l.item_library_id = i.library_id and l.item_id = i.id and l.status <> 'returned'
    where case v.custody
        when 'patron' then i.status <> 'on_loan' or l.status is distinct from 'open' or l.patron_id is distinct from v.patron_id
        when 'library' then i.status not in ('received', 'on_hold_shelf', 'in_transit') or l.id is not null
        when 'unknown' then i.status <> 'lost' or (l.id is not null and l.patron_id is distinct from v.patron_id and r.closed_at is null)
        when 'lender' then case when l.id is null then i.status <> 'gone_home' else l.seen_back_on is null end
        else i.status <> 'gone_home' or l.id is not null end;
