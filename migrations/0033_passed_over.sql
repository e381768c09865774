-- Whoever was passed over is found also after the copy was lent to the other.

create or replace view breach_queue_order as
    select b.library_id, b.id as hold_id, a.id as passed_over_hold_id
    from holds a join holds b
      on a.library_id = b.library_id and a.title_id = b.title_id and a.id <> b.id
     and (a.turn_at, a.id) < (b.turn_at, b.id)
    where a.status = 'placed' and a.item_id is null
      and (a.wanted_item_id is null or a.wanted_item_id = b.item_id)
      and b.status in ('in_transit', 'on_hold_shelf', 'fulfilled') and b.captured_at > a.placed_at
      and not exists (select 1 from queue_overrides o where o.library_id = b.library_id and o.hold_id = b.id);
