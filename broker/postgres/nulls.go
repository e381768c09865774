package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"afield/broker"
)

// For ids and instants the zero value means none, which is NULL in the
// database. The codecs here convert between the two, so that no store needs
// pointers. broker.Date does so by itself.

// registerNulls has a connection use those codecs. They write ids as their
// sixteen bytes; pgx by itself would convert them to text, which took a third
// of the time of a slice of nightly work.
func registerNulls(conn *pgx.Conn) {
	types := conn.TypeMap()
	id := &pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: idCodec{}}
	types.RegisterType(id)
	types.RegisterType(&pgtype.Type{Name: "_uuid", OID: pgtype.UUIDArrayOID, Codec: &pgtype.ArrayCodec{ElementType: id}})
	instant := &pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: instantCodec{&pgtype.TimestamptzCodec{}}}
	types.RegisterType(instant)
	types.RegisterType(&pgtype.Type{Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: instant}})
}

// idCodec knows broker.ID; everything else is left to pgx.
type idCodec struct{ pgtype.UUIDCodec }

func (c idCodec) PlanEncode(types *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case broker.ID, *broker.ID:
			return encodeID{}
		}
	}
	return c.UUIDCodec.PlanEncode(types, oid, format, value)
}

func (c idCodec) PlanScan(types *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, is := target.(*broker.ID); is && format == pgtype.BinaryFormatCode {
		return scanID{}
	}
	return c.UUIDCodec.PlanScan(types, oid, format, target)
}

type encodeID struct{}

// Encode writes an id as its bytes, and none as NULL.
func (encodeID) Encode(value any, buf []byte) ([]byte, error) {
	var id broker.ID
	switch value := value.(type) {
	case broker.ID:
		id = value
	case *broker.ID:
		if value != nil {
			id = *value
		}
	default:
		return nil, fmt.Errorf("%T is not an id", value)
	}
	if id == broker.NoID {
		return nil, nil
	}
	return append(buf, id[:]...), nil
}

type scanID struct{}

// Scan reads an id, and NULL as none.
func (scanID) Scan(source []byte, target any) error {
	id, is := target.(*broker.ID)
	switch {
	case !is:
		return fmt.Errorf("%T is not an id", target)
	case source == nil:
		*id = broker.NoID
		return nil
	case len(source) != len(id):
		return fmt.Errorf("an id has %d bytes, not %d", len(id), len(source))
	}
	copy(id[:], source)
	return nil
}

// instantCodec knows time.Time; everything else is left to pgx.
type instantCodec struct{ *pgtype.TimestamptzCodec }

func (c instantCodec) PlanEncode(types *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	plan := c.TimestamptzCodec.PlanEncode(types, oid, format, pgtype.Timestamptz{})
	if _, is := value.(time.Time); is && plan != nil {
		return encodeInstant{plan}
	}
	return c.TimestamptzCodec.PlanEncode(types, oid, format, value)
}

func (c instantCodec) PlanScan(types *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	plan := c.TimestamptzCodec.PlanScan(types, oid, format, new(pgtype.Timestamptz))
	if _, is := target.(*time.Time); is && plan != nil {
		return scanInstant{plan}
	}
	return c.TimestamptzCodec.PlanScan(types, oid, format, target)
}

type encodeInstant struct{ plan pgtype.EncodePlan }

// Encode writes an instant, and the zero time as NULL.
func (e encodeInstant) Encode(value any, buf []byte) ([]byte, error) {
	at, is := value.(time.Time)
	if !is {
		return nil, fmt.Errorf("%T is not an instant", value)
	}
	return e.plan.Encode(pgtype.Timestamptz{Time: at, Valid: !at.IsZero()}, buf)
}

type scanInstant struct{ plan pgtype.ScanPlan }

// Scan reads an instant, and NULL as the zero time.
func (s scanInstant) Scan(source []byte, target any) error {
	at, is := target.(*time.Time)
	if !is {
		return fmt.Errorf("%T is not an instant", target)
	}
	var read pgtype.Timestamptz
	if err := s.plan.Scan(source, &read); err != nil {
		return err
	}
	*at = read.Time
	return nil
}
