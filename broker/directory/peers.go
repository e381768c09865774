package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// What a peer's secrets are sealed for.
const (
	useOutbound = "outbound"
	useInbound  = "inbound"
)

// LoadPeer gives how a library is reached. A library that nobody configured is
// reached as a member when it is one, and by hand when it is not. The vault opens
// the secrets; with a nil vault they are left out.
func LoadPeer(ctx context.Context, tx *postgres.Tx, vault *Vault, library broker.ID) (Peer, error) {
	peers, err := LoadPeers(ctx, tx, vault, []broker.ID{library})
	if err != nil {
		return Peer{}, err
	}
	peer, found := peers[library]
	if !found {
		return Peer{}, broker.NotFound("library")
	}
	return peer, nil
}

// LoadPeers gives how libraries are reached; ids that name none are left out.
func LoadPeers(ctx context.Context, tx *postgres.Tx, vault *Vault, libraries []broker.ID) (map[broker.ID]Peer, error) {
	symbols, err := SymbolsOf(ctx, tx, libraries)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		select l.id, coalesce(p.protocol, case when l.member then 'member' else 'manual' end), coalesce(p.base_url, ''),
		       p.outbound_secret, p.inbound_secret, coalesce(p.paused, false), coalesce(p.allow_private_address, false),
		       coalesce(p.timeout_ms, 10000), coalesce(p.edition, ''), coalesce(p.dialect, ''), coalesce(p.account, '')
		from libraries l left join peers p on p.library_id = l.id where l.id = any($1)`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read peers: %w", err)
	}
	defer rows.Close()
	peers := make(map[broker.ID]Peer, len(libraries))
	for rows.Next() {
		var peer Peer
		var outbound, inbound []byte
		var milliseconds int
		if err := rows.Scan(&peer.Library, &peer.Protocol, &peer.BaseURL, &outbound, &inbound, &peer.Paused,
			&peer.AllowPrivateAddress, &milliseconds, &peer.Edition, &peer.Dialect, &peer.Account); err != nil {
			return nil, fmt.Errorf("read peers: %w", err)
		}
		peer.Timeout = time.Duration(milliseconds) * time.Millisecond
		if of := symbols[peer.Library]; len(of) > 0 {
			peer.Symbol = of[0]
		}
		if err := vault.openPeer(&peer, outbound, inbound); err != nil {
			return nil, fmt.Errorf("peer %s: %w", peer.Library, err)
		}
		peers[peer.Library] = peer
	}
	return peers, rows.Err()
}

func (v *Vault) openPeer(peer *Peer, outbound, inbound []byte) (err error) {
	if v == nil || outbound == nil || inbound == nil {
		return nil
	}
	if peer.OutboundSecret, err = v.Open(peer.Library, useOutbound, outbound); err != nil {
		return err
	}
	peer.InboundSecret, err = v.Open(peer.Library, useInbound, inbound)
	return err
}

// SavePeer writes how a library is reached, its secrets sealed. Saving again
// replaces everything, the pause included.
func SavePeer(tx *postgres.Tx, vault *Vault, peer Peer, now time.Time) error {
	var outbound, inbound []byte
	var wrong []broker.FieldError
	byNetwork := peer.Protocol != ProtocolMember && peer.Protocol != ProtocolManual
	if byNetwork && peer.BaseURL == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/base_url", Code: "required", Message: "is needed for a library reached by " + string(peer.Protocol)})
	}
	if len(peer.OutboundSecret)+len(peer.InboundSecret) > 0 {
		if len(peer.OutboundSecret) < 24 || len(peer.InboundSecret) < 24 {
			wrong = append(wrong, broker.FieldError{Pointer: "/secret", Code: "too_short", Message: "must be at least 24 bytes both ways"})
		} else {
			outbound = vault.Seal(peer.Library, useOutbound, peer.OutboundSecret)
			inbound = vault.Seal(peer.Library, useInbound, peer.InboundSecret)
		}
	}
	if len(wrong) > 0 {
		return broker.Invalid(wrong...)
	}
	if peer.Timeout == 0 {
		peer.Timeout = 10 * time.Second
	}
	var baseURL *string
	if peer.BaseURL != "" {
		baseURL = &peer.BaseURL
	}
	if peer.Protocol == ProtocolISO18626 && peer.Edition == "" {
		peer.Edition = Editions[0]
	}
	tx.Queue(`
		insert into peers (library_id, protocol, base_url, outbound_secret, inbound_secret, paused, allow_private_address, timeout_ms, created_at,
			edition, dialect, account)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, ''), nullif($11, ''), nullif($12, ''))
		on conflict (library_id) do update set protocol = excluded.protocol, base_url = excluded.base_url,
			outbound_secret = excluded.outbound_secret, inbound_secret = excluded.inbound_secret, paused = excluded.paused,
			allow_private_address = excluded.allow_private_address, timeout_ms = excluded.timeout_ms,
			edition = excluded.edition, dialect = excluded.dialect, account = excluded.account`,
		peer.Library, peer.Protocol, baseURL, outbound, inbound, peer.Paused, peer.AllowPrivateAddress,
		int(peer.Timeout/time.Millisecond), now, peer.Edition, peer.Dialect, peer.Account)
	return nil
}

// ReachedBy lists the libraries reached by any of these protocols, by name,
// including those that are paused.
func ReachedBy(ctx context.Context, tx *postgres.Tx, protocols ...string) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select p.library_id from peers p join libraries l on l.id = p.library_id
		where p.protocol = any ($1) order by l.name, l.id`, protocols)
}

// SentTo lists the libraries reached by any of these protocols that are not
// paused, in order of id.
func SentTo(ctx context.Context, tx *postgres.Tx, protocols ...string) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select library_id from peers where protocol = any ($1) and not paused order by library_id`, protocols)
}

// Protocols lists the protocols that libraries are reached by.
func Protocols(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `select distinct protocol from peers order by protocol`)
	if err != nil {
		return nil, fmt.Errorf("list protocols: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ProtocolsOf gives the protocol by which each of these libraries is reached; ids
// that name none are left out.
func ProtocolsOf(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID]Protocol, error) {
	rows, err := tx.Query(ctx, `select l.id, coalesce(p.protocol, case when l.member then 'member' else 'manual' end)
		from libraries l left join peers p on p.library_id = l.id where l.id = any ($1)`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read protocols: %w", err)
	}
	protocols := make(map[broker.ID]Protocol, len(libraries))
	var library broker.ID
	var protocol Protocol
	_, err = pgx.ForEachRow(rows, []any{&library, &protocol}, func() error { protocols[library] = protocol; return nil })
	return protocols, err
}
