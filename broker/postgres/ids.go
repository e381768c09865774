package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"afield/broker"
)

// registerIDs has a connection write and read ids as the sixteen bytes they are.
// Without it each id goes by way of its text, and by way of an error that is made
// and thrown away: a third of what a slice of nightly work costs the program.
func registerIDs(conn *pgx.Conn) {
	types := conn.TypeMap()
	one := &pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: idCodec{}}
	types.RegisterType(one)
	types.RegisterType(&pgtype.Type{Name: "_uuid", OID: pgtype.UUIDArrayOID, Codec: &pgtype.ArrayCodec{ElementType: one}})
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
