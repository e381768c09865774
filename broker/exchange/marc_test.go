package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/postgres"
)

// asXML writes records in the short form of the tests: a line for a field, its tag,
// then its subfields ("245 $aA title $cBy somebody") or the text of a control field;
// an empty line between records. A leader may stand first, as LDR.
func asXML(records string) string {
	var out strings.Builder
	out.WriteString(`<collection xmlns="http://www.loc.gov/MARC21/slim">`)
	for record := range strings.SplitSeq(strings.TrimSpace(records), "\n\n") {
		leader := "00000nam a2200000 i 4500"
		var fields strings.Builder
		for line := range strings.SplitSeq(record, "\n") {
			tag, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case tag == "LDR":
				leader = text
			case strings.HasPrefix(tag, "00"):
				fmt.Fprintf(&fields, `<controlfield tag="%s">%s</controlfield>`, tag, text)
			default:
				fmt.Fprintf(&fields, `<datafield tag="%s" ind1=" " ind2=" ">`, tag)
				for _, part := range strings.Split(" "+text, " $")[1:] {
					fmt.Fprintf(&fields, `<subfield code="%s">%s</subfield>`, part[:1], part[1:])
				}
				fields.WriteString(`</datafield>`)
			}
		}
		out.WriteString(`<record><leader>` + leader + `</leader>` + fields.String() + "</record>\n")
	}
	return out.String() + `</collection>`
}

// systems are small files as the systems write them: two copies that are right,
// and one that lacks what an item needs.
var systems = map[string]struct {
	records string
	// left is what is said of the copy that is left out; none where it is "".
	left string
	// copies are the items that come of it: barcode, call number, price, status, whether
	// it is lent.
	copies string
}{
	"marc21": {
		`001 m1
		245 $aAcross the ferry
		852 $bmain $h974 $iFER $p31001
		876 $p31001 $c18.00
		852 $bmain $h974 $iFER
		852 $bmain $8 1 $h975`,
		"852: the copy at main, 974 FER has no barcode in 852 $p", "31001|974 FER|1800|on_shelf|true",
	},
	"marc21 by pieces": {
		`001 m2
		245 $aAcross the ferry
		852 $81 $bmain $h974 $iFER
		852 $82 $bmain $h975
		876 $81.1 $p31001 $cUSD 18.00 $3v.1
		877 $82.1 $p3 1002 $jLost
		878 $82.2 $jAvailable`,
		"878: the copy at main, 975 has no barcode in 878 $p", "31001|974 FER v.1|1800|on_shelf|true 31002|975||lost|true",
	},
	"evergreen": {
		`001 e1
		245 $aAcross the ferry
		852 $aSYS $bSYS1 $bMAIN $cStacks $j974 FER $gbook $p31001 $y18.00
		852 $bmain $cStacks $kREF $j974 FER $gbook $p31002 $y0.00 $xreference
		852 $bmain $cStacks $j974 FER`,
		"852: the copy at main, 974 FER has no barcode in 852 $p", "31001|974 FER|1800|on_shelf|true 31002|REF 974 FER||on_shelf|false",
	},
	"koha": {
		`001 k1
		245 $aAcross the ferry
		952 $00 $10 $40 $70 $amain $bmain $o974 FER $p31001 $v18,00 $yBK
		952 $00 $14 $70 $amain $o974 FER $hv.2 $p31002 $yBK
		952 $amain $o974 FER $9 17
		999 $c17 $d17`,
		"952: the copy at main, 974 FER has no barcode in 952 $p", "31001|974 FER|1800|on_shelf|true 31002|974 FER v.2||missing|true",
	},
	"sierra": {
		`001 ocm0001
		245 $aAcross the ferry
		907 $a.b10000017
		945 $a974 FER $g1 $i31001 $j0 $lmain  $o- $p$18.00 $q- $r- $s- $tbook $u3 $y.i10000017
		945 $a974 FER $g2 $i31002 $lmain  $p$.00 $so $tbook $y.i10000029
		945 $a974 FER $lmain $y.i10000030
		945 $aa local note`,
		"945: the copy at main, 974 FER has no barcode in 945 $i", "31001|974 FER|1800|on_shelf|true 31002|974 FER||on_shelf|false",
	},
	"sirsi": {
		`001 u1
		245 $aAcross the ferry
		999 $a974 FER $wDEWEY $c1 $i31001 $lSTACKS $mMAIN $p$18.00 $rY $sY $tBOOK
		999 $a974 FER $vV.2 $i31002 $kMISSING $lSTACKS $mMAIN $rN $tBOOK
		999 $a974 FER $lSTACKS $mMAIN`,
		"999: the copy at MAIN, 974 FER has no barcode in 999 $i", "31001|974 FER|1800|on_shelf|true 31002|974 FER V.2||missing|false",
	},
	"alma": {
		`001 991234567
		245 $aAcross the ferry
		852 $8221234567890001 $bMAIN $cSTACKS $h974 $iFER
		852 $8221234567890002 $bMAIN $cSTACKS $h975
		876 $0221234567890002 $p31002 $jItem in place
		876 $0221234567890001 $p31001 $jItem not in place $c18.00
		AVA $b MAIN $d976 $f3`,
		"AVA: the copy at MAIN, 976 only counts copies (3)", "31001|974 FER|1800|on_shelf|true 31002|975||on_shelf|true",
	},
}

// The files of the systems libraries run are told apart, and read; a copy that
// cannot be is named and counted, its title and the others go in. Read again,
// nothing changes, and by name the same comes out.
func TestCopiesAsSystemsWriteThem(t *testing.T) {
	t.Parallel()
	for name, system := range systems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			way, _, _ := strings.Cut(name, " ")
			text := asXML(system.records)
			for i, say := range []string{"", way} {
				result, wrong, err := p.try(t.Context(), exchange.MARC, text, func(o *exchange.Options) { o.Holdings = say })
				if err != nil || result.Holdings != way || result.Rows != 1 || result.Failed != 0 || result.New != 1-i || result.Unchanged != i {
					t.Fatalf("%+v %v %v", result, wrong, err)
				}
				if told := strings.Join(wrong, "\n"); !strings.Contains(told, system.left) || result.CopiesLeftOut != len(wrong) || len(wrong) == 0 {
					t.Errorf("%d left out, told was\n%s", result.CopiesLeftOut, told)
				}
				equal(t, "copies", result.Copies, strings.Count(system.copies, "|on_")+strings.Count(system.copies, "|lost")+strings.Count(system.copies, "|missing"))
			}
			equal(t, "items", p.text(`select string_agg(concat_ws('|', barcode, call_number, coalesce(price_minor::text, ''), status, lendable::text), ' ' order by barcode)
				from items where title_id is not null and branch_id is not null and type = 'book'`), system.copies)
		})
	}
}

func (p place) text(sql string) (text string) {
	p.t.Helper()
	p.do(func(ctx context.Context, tx *postgres.Tx) error { return tx.QueryRow(ctx, sql).Scan(&text) })
	return text
}

// What is wrong with a copy costs that copy: an unknown branch, a barcode that is
// there already in this file or in this record, another system's field.
func TestAWrongCopyCostsNoTitle(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text := asXML(`001 r1
		245 $aFirst
		952 $amain $p31001
		952 $awest $p31002 $vcheap
		952 $amain $p31001

		001 r2
		245 $aSecond
		952 $amain $p31001
		952 $amain $p31003

		001 r3
		245 $aThird
		945 $lmain $i31004
		945 $aa note

		001 r4
		952 $amain $p31005`)
	tried, _, err := p.try(t.Context(), exchange.MARC, text, dryRun)
	if err != nil {
		t.Fatal(err)
	}
	result, wrong, err := p.try(t.Context(), exchange.MARC, text)
	if err != nil {
		t.Fatal(err)
	}
	tried.DryRun = false
	equal(t, "the trial", tried, result)
	equal(t, "what came of it", result, exchange.Result{Rows: 4, New: 3, Failed: 1, Holdings: "koha", Copies: 2, CopiesLeftOut: 5})
	equal(t, "told", strings.Join(wrong, "\n"), `line 1, 952 $a: copy 31002: "west" is not a branch of this library; right are main; 952 $v: "cheap" is not an amount; write it as 12.50, in USD
line 1, 952 $p: copy 31001: was in record 1 already; keep it in one of them
line 2, 952 $p: copy 31001: was in record 1 already; keep it in one of them
line 3, 945: copy 31004 is written as sierra does, and the file is read as koha; read such records with --holdings sierra
line 4, 952: copy 31005 is left out with its record
line 4, 245: is empty; a record needs a title in 245 $a`)
	equal(t, "none when none is asked for", p.bring(exchange.MARC, asXML("001 r5\n245 $aFifth\n952 $amain $p31009"), func(o *exchange.Options) { o.Holdings = "none" }).Copies, 0)
	if _, _, err := p.try(t.Context(), exchange.MARC, text, func(o *exchange.Options) { o.Holdings = "aleph" }); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("an unknown way: %v", err)
	}
}

// A kind of material that is not known here is taken from the record, and told.
func TestKindsOfMaterialThatAreNotKnownAreTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	guessed := map[string]int{}
	p.bring(exchange.MARC, asXML("LDR 00000ngm a2200000 i 4500\n001 r1\n245 $aA film\n945 $lmain $i31001 $t42\n945 $lmain $i31002 $t42\n945 $lmain $i31003 $tBook"),
		func(o *exchange.Options) { o.OnGuess = func(code string, copies int) { guessed[code] += copies } })
	equal(t, "told", fmt.Sprint(guessed), "map[945 $t 42:2]")
	equal(t, "films", p.count(`select count(*) from items where type = 'dvd'`), 2)
	equal(t, "books", p.count(`select count(*) from items where type = 'book'`), 1)
}

// A record that says it is deleted is passed over, and a computer file is a game
// only when it says so.
func TestDeletedRecordsAndComputerFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	result := p.bring(exchange.MARC, asXML(`LDR 00000dam a2200000 i 4500
		001 r1
		245 $aGone
		952 $amain $p31001

		LDR 00000nmm a2200000 i 4500
		001 r2
		008 000000s2019    xx         g        und d
		245 $aA game

		LDR 00000nmm a2200000 i 4500
		001 r3
		008 000000s2019    xx         d        und d
		245 $aAn encyclopedia on a disc`))
	equal(t, "what came of it", result, exchange.Result{Rows: 3, New: 2, Deleted: 1, Holdings: "marc21"})
	equal(t, "titles", p.text(`select string_agg(title || ' ' || format, ', ' order by title) from titles`), "A game game, An encyclopedia on a disc book")
}

// All of a record goes home: original script, subjects, local fields; its copies
// are those that there are now. Read in elsewhere and taken out again, it is the
// same.
func TestARecordGoesHomeAsItCame(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text := asXML(`001 k1
		245 $6880-01 $aVoina i mir /
		500 $aA $notnote
		650 $aWar $zRussia
		880 $6245-01 $aВойна и мир /
		952 $amain $p31001 $o891 TOL $v18.00
		952 $awest $p31002
		999 $c17 $d17`)
	if _, wrong, err := p.try(t.Context(), exchange.MARC, text); err != nil || len(wrong) != 1 {
		t.Fatal(err, wrong)
	}
	p.write(`update items set call_number = '891.73 TOL' where barcode = '31001'`)
	files, _ := p.export(func(o *exchange.ExportOptions) { o.Kinds = []string{exchange.MARC} })
	for _, name := range []string{"titles.mrc", "titles.xml"} {
		for _, kept := range []string{"Война и мир /", "Russia", "880-01", "891.73 TOL", "31002"} {
			if !strings.Contains(files[name], kept) {
				t.Errorf("%s has no %q:\n%s", name, kept, files[name])
			}
		}
		if strings.Contains(files[name], "891 TOL") {
			t.Errorf("%s has the copy as it was:\n%s", name, files[name])
		}
	}
	other := newPlace(t)
	if _, wrong, err := other.try(t.Context(), exchange.MARC, files["titles.mrc"]); err != nil || len(wrong) != 1 {
		t.Fatal(err, wrong)
	}
	again, _ := other.export(func(o *exchange.ExportOptions) { o.Kinds = []string{exchange.MARC} })
	equal(t, "taken out again", again["titles.xml"], files["titles.xml"])
	changed := strings.Replace(text, "Russia", "France", 1)
	result, _, err := p.try(t.Context(), exchange.MARC, changed)
	if err != nil || result.Changed != 1 {
		t.Errorf("another subject: %+v %v", result, err)
	}
}
