package access

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"afield/broker"
)

// MostDevices is how many devices one attempt may show: a computer at a desk is known
// to everybody who works there.
const MostDevices = 8

// deviceLasts is how long a device stays known after a sign-in; each one makes it
// known anew.
const deviceLasts = 180 * 24 * time.Hour

// devicePrefix tells a device from a token, which it is not: it lets nobody in.
const devicePrefix = "afd_"

// newDevice makes what a device is known by at somebody's next sign-in: a random name
// and the day it ends, sealed for that one account and its secret of today: a new
// password or PIN makes every device unknown. Nothing is stored.
func (s *Service) newDevice(kind Kind, of secretOf, now time.Time) string {
	name := make([]byte, 12)
	_, _ = rand.Read(name) // never fails: crypto/rand ends the program instead
	text := hex.EncodeToString(name) + "_" + strconv.FormatInt(now.Add(deviceLasts).Unix(), 36)
	return devicePrefix + text + "_" + s.deviceSeal(kind, of, text)
}

func (s *Service) deviceSeal(kind Kind, of secretOf, text string) string {
	return hex.EncodeToString(s.hasher.mac("device", string(kind)+"\x00"+of.id.String()+"\x00"+of.hash+"\x00"+text)[:16])
}

// isDevice tells whether a device is known to an account, and still.
func (s *Service) isDevice(device string, kind Kind, of secretOf, now time.Time) bool {
	rest, is := strings.CutPrefix(device, devicePrefix)
	parts := strings.Split(rest, "_")
	if !is || len(device) > 100 || len(parts) != 3 || of.id == broker.NoID {
		return false
	}
	ends, err := strconv.ParseInt(parts[1], 36, 64)
	return err == nil && now.Unix() < ends && hmac.Equal([]byte(parts[2]), []byte(s.deviceSeal(kind, of, parts[0]+"_"+parts[1])))
}
