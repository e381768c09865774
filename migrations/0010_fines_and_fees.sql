-- Fines that grow, tills, refunds on paper, and what libraries ask of each other.

-- What an overdue loan has come to and the ledger does not yet say: one row for
-- each loan. It becomes a charge when the item comes back, is renewed, lost or
-- paid for.
create table accruals (
    library_id   uuid not null references libraries,   -- to whom it is owed: the patron's library
    loan_id      uuid not null,
    loan_library_id uuid not null references libraries, -- whose desk lent
    patron_id    uuid not null,
    amount_minor bigint not null check (amount_minor >= 0),
    currency     text not null,
    through_on   date not null,                         -- worked out up to and with this day
    primary key (library_id, loan_id)
) with (fillfactor = 80);
create index accruals_by_patron on accruals (library_id, patron_id);
call afield_protect('accruals', 'library_id = any ((select afield_visible())::uuid[])
    or loan_library_id = any ((select afield_visible())::uuid[])');

create sequence receipt_numbers start 1001;

create table tills (
    library_id    uuid not null references libraries,
    id            uuid not null,
    branch_id     uuid,
    opened_at     timestamptz not null,
    opened_by     jsonb not null,
    float_minor   bigint not null default 0 check (float_minor >= 0),  -- what lay in it at the start
    currency      text not null,
    closed_at     timestamptz,
    closed_by     jsonb,
    counted       jsonb,                          -- method -> minor units, as counted at closing
    expected      jsonb,                          -- method -> minor units, by the ledger
    note          text not null default '',
    primary key (library_id, id),
    foreign key (library_id, branch_id) references branches
);
create unique index one_open_till on tills (library_id, coalesce(branch_id, '00000000-0000-0000-0000-000000000000'::uuid)) where closed_at is null;
call afield_protect('tills');

-- What a till held when it was closed stays as it was counted.
create function closed_till_stays() returns trigger language plpgsql as $$
begin
    raise exception 'a closed till is never changed';
end $$;
create trigger closed_till_stays before update or delete on tills
    for each row when (old.closed_at is not null) execute function closed_till_stays();

-- A lapse gives up credit that was paid with something never given back.
alter table ledger_entries
    add column method         text not null default '',   -- of a payment or refund: cash, check, card …
    add column till_id        uuid,
    add column receipt_number bigint,
    add column undoes_id      uuid,                        -- the payment or refund a reversal takes back
    add column paid_by        text not null default '',    -- who paid, where it was not the patron: an agency …
    add column refundable     boolean not null default true,
    drop constraint ledger_entries_kind_check,
    drop constraint ledger_entries_check1,
    add constraint entry_kind check (kind in ('charge', 'payment', 'waiver', 'refund', 'reversal', 'lapse')),
    add constraint entry_sign check ((kind in ('charge', 'refund', 'lapse')) = (amount_minor > 0) or kind = 'reversal'),
    add foreign key (library_id, till_id) references tills,
    add foreign key (library_id, undoes_id) references ledger_entries (library_id, id);
create unique index entry_undone_once on ledger_entries (library_id, undoes_id) where undoes_id is not null;
create index ledger_by_receipt on ledger_entries (library_id, receipt_number) where receipt_number is not null;
create index ledger_by_till on ledger_entries (library_id, till_id) where till_id is not null;
create index ledger_by_loan on ledger_entries (library_id, loan_id) where loan_id is not null;

-- One cause makes one entry. Asked again it is the same entry, and nothing is
-- written; a cause that made another one (of another account, kind or amount) was
-- given to two different acts, and the second must hear of it.
create function cause_names_one_act(creditor uuid, named text, patron uuid, debtor uuid, entry_kind text, what text, minor bigint)
returns void language plpgsql stable as $$
begin
    if exists (select from ledger_entries e where e.library_id = creditor and e.cause = named
            and (e.patron_id, e.debtor_library_id, e.kind, e.charge_kind, e.amount_minor)
                is distinct from (patron, debtor, entry_kind, what, minor)) then
        raise exception 'the cause % names another entry', named
            using errcode = 'unique_violation', constraint = 'cause_names_one_act';
    end if;
end $$;

-- Money to be given back on paper.
create table refund_vouchers (
    library_id   uuid not null references libraries,
    id           uuid not null,
    number       bigint not null default nextval('receipt_numbers'),
    patron_id    uuid not null,
    charge_id    uuid,
    amount_minor bigint not null check (amount_minor > 0),
    currency     text not null,
    reason       text not null,
    asked_by     jsonb not null,
    asked_at     timestamptz not null,
    paid_at      timestamptz,
    paid_by      jsonb,
    paid_method  text not null default '',
    till_id      uuid,                            -- it was paid from
    cancelled_at timestamptz,
    cancelled_by jsonb,
    primary key (library_id, id),
    constraint voucher_number_once unique (library_id, number),
    foreign key (library_id, till_id) references tills,
    check (paid_at is null or cancelled_at is null)
);
create index open_vouchers on refund_vouchers (library_id, number) where paid_at is null and cancelled_at is null;
create index vouchers_by_till on refund_vouchers (library_id, till_id) where till_id is not null;
call afield_protect('refund_vouchers');

-- What one library asks of another: a loan's fee, postage, a replacement.
create table library_invoices (
    library_id   uuid not null references libraries,   -- the creditor
    id           uuid not null,
    debtor_library_id uuid not null references libraries,
    number       text not null check (number <> ''),
    kind         text not null check (kind in ('loan_fee', 'postage', 'replacement', 'other')),
    amount_minor bigint not null check (amount_minor > 0),
    currency     text not null,
    request_id   uuid,
    charge_id    uuid not null,                        -- its ledger entry
    owed_minor   bigint not null,                      -- what the ledger says is left of it
    issued_on    date not null,
    due_on       date not null check (due_on >= issued_on),
    status       text not null default 'open' check (status in ('open', 'disputed', 'paid', 'withdrawn')),
    dispute      text not null default '',
    changed_at   timestamptz not null,
    primary key (library_id, id),
    foreign key (library_id, charge_id) references ledger_entries (library_id, id),
    constraint invoice_number_once unique (library_id, number)
);
create index invoices_by_debtor on library_invoices (debtor_library_id, status, due_on);
create index invoices_by_charge on library_invoices (library_id, charge_id);
create index invoices_by_due on library_invoices (library_id, due_on, id);
call afield_protect('library_invoices', 'library_id = any ((select afield_visible())::uuid[])
    or debtor_library_id = any ((select afield_visible())::uuid[])');
