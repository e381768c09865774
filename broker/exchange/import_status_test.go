package exchange_test

import (
	"testing"

	"afield/broker/exchange"
)

// Copies come in as they stand, bought or being made ready; what was here once
// is not on order again because an old file says so.
func TestCopiesAreBroughtInOnOrder(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	file := "barcode,title,status\n39999000000001,An almanac,on_order\n39999000000002,An almanac,in_processing\n"
	equal(t, "items", p.bring(exchange.Items, file).New, 2)
	count := func(status string) int {
		return p.count(`select count(*) from items where barcode like '3999900000000%' and status = '` + status + `'`)
	}
	equal(t, "on order", count("on_order"), 1)
	equal(t, "being made ready", count("in_processing"), 1)
	p.write(`update items set status = 'on_shelf' where barcode = '39999000000001'`)
	p.bring(exchange.Items, file)
	equal(t, "on order again", count("on_order"), 0)
}
