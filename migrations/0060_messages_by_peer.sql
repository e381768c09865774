-- What was said to and by one library, the latest first: for the page of partners.
create index messages_by_peer on messages (library_id, peer_library_id, created_at desc);
