-- Policies that libraries published themselves, days on which a library closed
-- after all, and what that did to due dates.

-- One version of one policy document. The presets in the program come before
-- every published version. Shared by design: rules are no secret.
create table policy_versions (
    policy       text not null check (policy <> ''),
    number       int not null check (number > 0),
    effective_on date not null,
    text         text not null check (text <> ''),
    library_id   uuid references libraries,    -- who published it; null for a document above libraries
    published_by jsonb not null,
    published_at timestamptz not null,
    primary key (policy, number),
    constraint policy_version_once_a_day unique (policy, effective_on)
);
create function policy_version_is_immutable() returns trigger language plpgsql as $$
begin
    raise exception 'policy_versions is immutable: publish another version';
end $$;
create trigger policy_version_is_immutable before update or delete on policy_versions
    for each row execute function policy_version_is_immutable();
revoke update, delete on policy_versions from afield_app, afield_system;

-- Every act at a desk sees the rows of the library's sharing group.
create index libraries_by_sharing_group on libraries (sharing_group_id) where sharing_group_id is not null;

-- A patron owes at every desk of the sharing group in one account, so its
-- libraries keep one money. Two that join at the same instant wait for each other.
create function group_has_one_currency() returns trigger language plpgsql as $$
begin
    if new.sharing_group_id is null then
        return new;
    end if;
    perform from sharing_groups where id = new.sharing_group_id for no key update;
    if exists (select from libraries l
            where l.sharing_group_id = new.sharing_group_id and l.id <> new.id and l.currency <> new.currency) then
        raise exception 'the sharing group of library % keeps another currency than %', new.id, new.currency
            using errcode = 'unique_violation', constraint = 'group_has_one_currency';
    end if;
    return new;
end $$;
create trigger group_has_one_currency before insert or update of sharing_group_id, currency on libraries
    for each row execute function group_has_one_currency();

-- A branch may have a document of its own, under its library's.
alter table branches add column policy text;

-- planned: known before. weather: what was due that day has until the next
-- open day. A closure that was taken back stays as a row.
alter table closures
    add column kind text not null default 'planned' check (kind in ('planned', 'weather', 'emergency')),
    add column put_by jsonb,
    add column put_at timestamptz,
    add column cancelled_at timestamptz,
    add column cancelled_by jsonb;

-- Due dates moved together: the relief of a closure, or the director's hand.
create table due_adjustments (
    library_id  uuid not null references libraries,
    id          uuid not null,
    kind        text not null check (kind in ('closure', 'director')),
    closure_id  uuid,
    branch_id   uuid,
    due_from    date not null,
    due_to      date not null check (due_to >= due_from),
    new_due_on  date not null,
    reason      text not null check (reason <> ''),
    rule        text not null default '',
    put_by      jsonb not null,
    put_at      timestamptz not null,
    reversed_at timestamptz,
    reversed_by jsonb,
    primary key (library_id, id),
    foreign key (library_id, branch_id) references branches
);
call afield_protect('due_adjustments');

create table adjusted_loans (
    library_id    uuid not null,
    adjustment_id uuid not null,
    loan_id       uuid not null,
    due_before    date not null,
    due_after     date not null,
    primary key (library_id, adjustment_id, loan_id),
    foreign key (library_id, adjustment_id) references due_adjustments,
    foreign key (library_id, loan_id) references loans
);
create index adjusted_loans_by_loan on adjusted_loans (library_id, loan_id);
call afield_protect('adjusted_loans');
