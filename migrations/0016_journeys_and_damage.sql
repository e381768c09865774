-- What is in a desk's hand: where a copy on its way was sent from, and what was
-- noted as damaged until somebody puts it right.

alter table transits
    add column from_library_id uuid references libraries,  -- the desk that sent it; null where not known
    add column from_branch_id  uuid;

alter table items add column damaged_on date;              -- noted as damaged; null once it is put right

-- A hold that ended while its copy was on the way: the copy travels for nobody.
update transits t set hold_id = null from holds h
    where h.library_id = t.library_id and h.id = t.hold_id and t.arrived_at is null
      and h.status in ('fulfilled', 'cancelled', 'expired', 'unfilled');
