-- Libraries without a system can be reached by mail, with a signed link to a page
-- where they answer.
alter table peers drop constraint peers_protocol_check;
alter table peers add constraint peers_protocol_check check (protocol in ('member', 'partner', 'manual', 'email'));
alter table peers add constraint mail_has_an_address check (protocol <> 'email' or base_url is not null);
