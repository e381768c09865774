-- Accounts as a desk keeps them: registration, links, proxies, what was asked
-- about a patron and what was passed over for them.

-- Who shares one fee or one card.
create table households (
    library_id uuid not null references libraries,
    id         uuid not null,
    kind       text not null check (kind in ('household', 'business')),
    name       text not null,
    paid_until date,
    created_at timestamptz not null,
    primary key (library_id, id)
);
call afield_protect('households');

alter table patrons
    add column household_id uuid,
    add column address text not null default '',
    add column language text not null default 'en',
    add column not_for text[] not null default '{}',    -- types and audiences kept from this account
    add column home_library text not null default '',   -- of a reciprocal borrower
    add column keep_history boolean,                    -- the patron's wish; null follows the policy
    add column registered_on date,
    add column last_active_on date,                     -- last circulation
    add column adult_prompted_on date,                  -- when staff were asked to look at the status
    add column merged_into uuid,
    add foreign key (library_id, household_id) references households;
create index patrons_by_household on patrons (library_id, household_id) where household_id is not null;
create index patrons_by_birthday on patrons (library_id, born_on) where born_on is not null and adult_prompted_on is null;

alter table cards
    add column stopped_on date,                         -- reported lost or stolen, or replaced
    add column replaces uuid;

-- Who answers for whom. Links run both ways and are followed through the whole
-- group.
create table patron_links (
    library_id uuid not null,
    parent_id  uuid not null,
    child_id   uuid not null check (child_id <> parent_id),
    since      date not null,
    primary key (library_id, parent_id, child_id),
    foreign key (library_id, parent_id) references patrons,
    foreign key (library_id, child_id) references patrons
);
create index patron_links_by_child on patron_links (library_id, child_id);
call afield_protect('patron_links');

-- Who may pick up what is kept for somebody else.
create table proxies (
    library_id uuid not null,
    patron_id  uuid not null,
    proxy_id   uuid not null check (proxy_id <> patron_id),
    until_on   date,
    created_at timestamptz not null,
    primary key (library_id, patron_id, proxy_id),
    foreign key (library_id, patron_id) references patrons,
    foreign key (library_id, proxy_id) references patrons
);
create index proxies_by_proxy on proxies (library_id, proxy_id);
call afield_protect('proxies');

-- A rule that was passed over, by whom and why.
create table overrides (
    library_id uuid not null references libraries,
    id         uuid not null,
    patron_id  uuid,
    action     text not null,
    code       text not null,             -- of the reason passed over
    rule       text not null default '',
    reason     text not null check (reason <> ''),
    about_id   uuid,                      -- the loan, hold or card it was for
    actor      jsonb not null,
    at         timestamptz not null,
    primary key (library_id, id)
);
create index overrides_by_patron on overrides (library_id, patron_id, at) where patron_id is not null;
call afield_protect('overrides');

-- Requests by others for what the library knows of a patron.
create table disclosures (
    library_id uuid not null references libraries,
    id         uuid not null,
    patron_id  uuid,
    by_whom    text not null check (by_whom in ('patron', 'guardian', 'other')),
    asked_by   text not null check (asked_by <> ''),
    paper      text not null default '',  -- what was shown: order, subpoena, warrant …
    about      text not null default '',
    status     text not null check (status in ('refused', 'in_review', 'approved', 'declined')),
    reasons    jsonb not null default '[]',
    asked_at   timestamptz not null,
    taken_by   jsonb not null,
    decided_at timestamptz,
    decided_by jsonb,
    note       text not null default '',
    primary key (library_id, id)
);
create index open_disclosures on disclosures (library_id, asked_at) where status = 'in_review';
call afield_protect('disclosures');

alter table patrons
    add column purged_on date;                          -- nothing personal is left since
create index patrons_by_name on patrons (library_id, lower(name) text_pattern_ops, id) where name <> '';
create index patrons_by_phone on patrons (library_id, regexp_replace(phone, '[^0-9]', '', 'g')) where phone is not null;
create index patrons_by_email on patrons (library_id, lower(email)) where email is not null;
create index patrons_merged on patrons (library_id, merged_into) where merged_into is not null;

alter table cards
    add column deposit_id uuid,                         -- the ledger entry of the deposit left for it
    drop constraint cards_status_check,
    add constraint cards_status_check check (status in ('active', 'lost', 'stolen', 'replaced', 'surrendered'));

alter table blocks
    add column ground text not null default '';         -- one of those the library's policy names
