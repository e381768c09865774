-- Who answers for whom goes up and never comes round: whoever answers for somebody, by
-- themselves or through others, has nobody below who answers for them. Links of one
-- library are written one after the other, or two of them could close a circle
-- between them.
create function afield_links_go_up() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('links:' || new.library_id, 0));
    if exists (
        with recursive above (id) as (
            select new.parent_id
            union
            select l.parent_id from above a join patron_links l on l.library_id = new.library_id and l.child_id = a.id)
        select 1 from above where id = new.child_id)
    then
        raise exception 'links would go in a circle' using errcode = 'check_violation', constraint = 'links_go_in_no_circle', table = 'patron_links';
    end if;
    return new;
end $$;
create trigger links_go_up before insert or update of parent_id, child_id on patron_links
    for each row execute function afield_links_go_up();
