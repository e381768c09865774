-- What is on its way, and for whom.

create view breach_copy_travels_for_ended_hold as
    select t.library_id, t.item_id, t.hold_id, h.status
    from transits t join holds h on h.library_id = t.library_id and h.id = t.hold_id
    where t.arrived_at is null and (h.status <> 'in_transit' or h.item_id is distinct from t.item_id);
comment on view breach_copy_travels_for_ended_hold is 'What is on its way for somebody is the copy of an open hold.';
revoke all on breach_copy_travels_for_ended_hold from afield_app;
revoke insert, update, delete on breach_copy_travels_for_ended_hold from afield_system;

create view breach_two_copies_for_one_hold as
    select library_id, hold_id, count(*) as copies
    from transits where arrived_at is null and hold_id is not null group by 1, 2 having count(*) > 1;
comment on view breach_two_copies_for_one_hold is 'One copy at a time travels for a hold.';
revoke all on breach_two_copies_for_one_hold from afield_app;
revoke insert, update, delete on breach_two_copies_for_one_hold from afield_system;

create view breach_in_transit_without_a_journey as
    select i.library_id, i.id as item_id
    from items i
    where i.status = 'in_transit'
      and not exists (select 1 from transits t where t.library_id = i.library_id and t.item_id = i.id and t.arrived_at is null);
comment on view breach_in_transit_without_a_journey is 'What is on its way has a place to go to.';
revoke all on breach_in_transit_without_a_journey from afield_app;
revoke insert, update, delete on breach_in_transit_without_a_journey from afield_system;

create view breach_task_for_no_stranded_hold as
    select t.library_id, t.id as task_id, t.facts ->> 'title_id' as title_id
    from staff_tasks t
    where t.kind = 'no_copy_for_holds' and t.closed_at is null
      and not exists (select 1 from holds h where h.library_id = t.library_id and h.title_id = (t.facts ->> 'title_id')::uuid
          and h.stranded_at is not null);
comment on view breach_task_for_no_stranded_hold is 'A task about holds that no copy can fill closes with the last of them.';
revoke all on breach_task_for_no_stranded_hold from afield_app;
revoke insert, update, delete on breach_task_for_no_stranded_hold from afield_system;
