-- The queue of a title as staff may have arranged it, what a hold still waits
-- for, and the invariant that knows both.

alter table holds
    add column moved_at   timestamptz,        -- its place where that is another than queued_at gives
    add column turn_at    timestamptz generated always as (coalesce(moved_at, queued_at)) stored,
    add column expires_on date;               -- the last day it waits to be filled; null as long as it takes
drop index holds_queue;
create index holds_queue on holds (library_id, title_id, turn_at, id) where status = 'placed';
create index holds_unfilled_by_date on holds (for_library_id, expires_on, id) where status = 'placed' and expires_on is not null;

-- A copy that is not here yet can be waited for.
alter table items drop constraint items_status_check;
alter table items add constraint items_status_check check (status in
    ('on_shelf', 'on_hold_shelf', 'on_loan', 'in_transit', 'received', 'missing', 'lost', 'withdrawn', 'gone_home',
     'on_order', 'in_processing'));

-- Who is passed by (suspended, blocked, kept from this kind) leaves an override
-- on the hold that was served; a hold for one copy waits for no other.
create or replace view breach_queue_order as
    select b.library_id, b.id as hold_id, a.id as passed_over_hold_id
    from holds a join holds b
      on a.library_id = b.library_id and a.title_id = b.title_id and a.id <> b.id
     and (a.turn_at, a.id) < (b.turn_at, b.id)
    where a.status = 'placed' and a.item_id is null
      and (a.wanted_item_id is null or a.wanted_item_id = b.item_id)
      and b.status in ('in_transit', 'on_hold_shelf') and b.captured_at > a.placed_at
      and not exists (select 1 from queue_overrides o where o.library_id = b.library_id and o.hold_id = b.id);
comment on view breach_queue_order is 'First requested, first supplied, except where an override says why somebody was passed by.';

create view breach_transit_beside_its_item as
    select t.library_id, t.item_id, i.status
    from transits t join items i on i.library_id = t.library_id and i.id = t.item_id
    where t.arrived_at is null and i.status <> 'in_transit';
comment on view breach_transit_beside_its_item is 'What is on its way is nowhere else.';
revoke all on breach_transit_beside_its_item from afield_app;
revoke insert, update, delete on breach_transit_beside_its_item from afield_system;
