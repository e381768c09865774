-- In whose hands each volume of a request is. The rows of the state tables move
-- it; who may take it, who pays for it and whom to tell are asked of it.

alter table request_items
    add column custody       text not null default 'lender'
        check (custody in ('lender', 'coming', 'library', 'patron', 'returning', 'unknown')),
    add column patron_library_id uuid,    -- who has it, or had it last before it was lost
    add column patron_id     uuid,
    add column moved_version int,         -- the request's version that moved it last
    add column was           text,        -- its custody before that, for undoing it
    add column was_patron_library_id uuid,
    add column was_patron_id uuid,
    add constraint only_a_patron_is_named check (patron_id is null or custody in ('patron', 'unknown')),
    add foreign key (patron_library_id, patron_id) references patrons;
create index request_items_by_item on request_items (library_id, item_id) where item_id is not null;
create index request_items_by_patron on request_items (patron_library_id, patron_id) where patron_id is not null;

-- Each volume that arrives is an item of its own, with its own band.
drop index items_by_request;
create index items_by_request on items (library_id, request_id) where request_id is not null;

-- Several volumes of one request wait on the hold shelf under a hold each.
drop index one_open_hold_per_request;
create unique index one_open_hold_per_request on holds (for_library_id, request_id, coalesce(item_id, id))
    where request_id is not null and status in ('placed', 'in_transit', 'on_hold_shelf');

-- A loan whose item somebody else has seen home: its owner says so, or another
-- library's desk. Nothing accrues and nobody is reminded from that day on.
alter table loans add column seen_back_on date;

-- What was under way when custody began to be recorded.
insert into request_items (library_id, request_id, id, item_id)
    select r.library_id, r.id, gen_random_uuid(), r.item_id from requests r
    where r.closed_at is null and r.service = 'loan' and coalesce(r.fulfilment, '') <> 'hold'
      and r.state in ('shipped', 'received', 'on_hold_shelf', 'checked_out', 'return_due', 'return_shipped', 'return_unconfirmed',
        'lost_pending', 'with_borrowing_library')
      and not exists (select 1 from request_items v where v.library_id = r.library_id and v.request_id = r.id);
update request_items v set custody = case
        when r.state in ('completed', 'unfilled', 'cancelled', 'expired') and v.received_at is not null then 'lender'
        when r.side = 'lending' and r.state = 'shipped' then 'coming'
        when r.side = 'lending' and r.state = 'with_borrowing_library' then 'library'
        when r.state in ('return_shipped', 'return_unconfirmed') then 'returning'
        when r.state = 'lost_pending' then 'unknown'
        when l.status = 'open' then 'patron'
        when r.state in ('received', 'on_hold_shelf', 'return_due') and v.received_at is not null then 'library'
        when r.state in ('shipped', 'received', 'on_hold_shelf', 'checked_out', 'return_due') then 'coming'
        else 'lender' end,
    patron_id = case when r.side = 'borrowing' and l.status = 'open' and r.state not in ('completed', 'unfilled', 'cancelled', 'expired',
            'return_shipped', 'return_unconfirmed') then l.patron_id
        when r.side = 'borrowing' and l.status = 'lost' and r.state = 'lost_pending' then l.patron_id end
    from requests r
    left join loans l on l.patron_library_id = r.library_id and l.request_id = r.id and l.status <> 'returned'
    where r.library_id = v.library_id and r.id = v.request_id;
update request_items set patron_library_id = library_id where patron_id is not null;

create view breach_custody_beside_request as
    select r.library_id, r.id as request_id, r.state, v.custodies
    from requests r
    cross join lateral (select coalesce(array_agg(custody), '{}') as custodies from request_items v
        where v.library_id = r.library_id and v.request_id = r.id) v
    where r.side = 'borrowing' and r.service = 'loan' and coalesce(r.fulfilment, '') <> 'hold'
      and case
        when r.state = 'shipped' then not 'coming' = any (v.custodies) or v.custodies && '{library,patron}'
        when r.state in ('received', 'on_hold_shelf', 'return_due') then not 'library' = any (v.custodies) or 'patron' = any (v.custodies)
        when r.state = 'checked_out' then not v.custodies && '{patron,lender}'
        when r.state in ('return_shipped', 'return_unconfirmed') then not 'returning' = any (v.custodies) or v.custodies && '{library,patron}'
        when r.state = 'lost_pending' then not 'unknown' = any (v.custodies)
        else 'patron' = any (v.custodies) end;
comment on view breach_custody_beside_request is 'The volumes of a request are where its state says.';

create view breach_custody_beside_item as
    select v.library_id, v.request_id, v.item_id, v.custody, i.status, l.status as loan
    from request_items v
    join requests r on r.library_id = v.library_id and r.id = v.request_id and r.side = 'borrowing'
    join items i on i.library_id = v.library_id and i.id = v.item_id
    left join loans l on l.item_library_id = i.library_id and l.item_id = i.id and l.status <> 'returned'
    where case v.custody
        when 'patron' then i.status <> 'on_loan' or l.status is distinct from 'open' or l.patron_id is distinct from v.patron_id
        when 'library' then i.status not in ('received', 'on_hold_shelf') or l.id is not null
        when 'unknown' then i.status <> 'lost' or (l.id is not null and l.patron_id is distinct from v.patron_id and r.closed_at is null)
        when 'lender' then case when l.id is null then i.status <> 'gone_home' else l.seen_back_on is null end
        else i.status <> 'gone_home' or l.id is not null end;
comment on view breach_custody_beside_item is 'A borrowed copy, its loan and its custody say the same.';

create view breach_lent_to_a_stranger as
    select l.library_id, l.id as loan_id, l.request_id
    from loans l
    join items i on i.library_id = l.item_library_id and i.id = l.item_id and i.request_id is not null
    join requests r on r.library_id = i.library_id and r.id = i.request_id
    where l.status = 'open' and r.patron_id is not null and l.patron_id is distinct from r.patron_id
      and not exists (select 1 from overrides o where o.library_id = l.library_id and o.about_id = l.id and o.code = 'held_for_other');
comment on view breach_lent_to_a_stranger is 'A borrowed copy is with the patron who asked for it, or an override says why not.';

do $$
declare
    name text;
begin
    foreach name in array array['breach_custody_beside_request', 'breach_custody_beside_item', 'breach_lent_to_a_stranger'] loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;
