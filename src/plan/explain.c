/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What EXPLAIN says about custom scans.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "index/subindexes.h"
#include "plan/scan.h"

/*
 * An expression as SQL.
 */
static char *
deparse(MMScanState *s, Node *expr, List *ancestors, ExplainState *es)
{
	List	   *context = set_deparse_context_plan(es->deparse_cxt, s->css.ss.ps.plan, ancestors);

	return deparse_expression(expr, context, list_length(es->rtable) > 1 || es->verbose, false);
}

/*
 * The name of the column, or of whatever else a part is about.
 */
static const char *
part_name(MMScanState *s, const MMSumPart *part)
{
	if (part->column >= 0)
		return s->columns->columns[part->column].name;
	return NameStr(TupleDescAttr(RelationGetDescr(s->index), 0)->attname);
}

static bool
constant_value(Expr *expr, int i, void *state, double *value)
{
	const Const *constant = (const Const *) expr;

	if (!IsA(constant, Const) || constant->constisnull)
		return false;
	*value = DatumGetFloat8(constant->constvalue);
	return true;
}

/*
 * The weight of a part as far as it is known: after a scan has begun, or if
 * all factors are constants.  It is NULL if the value or the weight is.
 */
static char *
part_weight(MMScanState *s, MMSumState *sum, int part)
{
	const MMSum *what = sum->driver->sum;
	MMTermValue values[MM_MAX_TERMS];
	bool		begun = s->counts.scans > 0;
	double		weight = 0.0;

	if (begun && (sum->parts[part].isnull || sum->parts[part].null_factor))
		return "NULL";
	for (int i = 0; i < what->nterms; i++)
		if (what->terms[i].part == part && what->terms[i].curve != NULL)
			return "by a function";
	if (begun)
		return psprintf("%g", sum->parts[part].factor);
	mm_sum_values(what, constant_value, NULL, values);
	for (int i = 0; i < what->nterms; i++)
	{
		if (what->terms[i].part != part)
			continue;
		if (!values[i].product.known)
			return "?";
		weight += values[i].product.value;
	}
	return psprintf("%g", weight);
}

static void
show_terms(MMScanState *s, ExplainState *es)
{
	List	   *terms = NIL;

	for (int d = 0; d < s->plan->ndrivers; d++)
		for (int i = 0; i < s->plan->drivers[d].sum->nparts; i++)
			terms = lappend(terms, psprintf("%s %s", part_name(s, &s->plan->drivers[d].sum->parts[i]),
											part_weight(s, s->sums[d], i)));
	ExplainPropertyList("Weights", terms, es);
}

static void
show_evaluations(MMScanState *s, const int64 *evaluations, ExplainState *es)
{
	List	   *counts = NIL;

	for (int d = 0; d < s->plan->ndrivers; d++)
		for (int i = 0; i < s->plan->drivers[d].sum->nparts; i++)
			counts = lappend(counts, psprintf("%s " INT64_FORMAT,
											  part_name(s, &s->plan->drivers[d].sum->parts[i]),
											  *evaluations++));
	ExplainPropertyList("Distances Computed", counts, es);
}

static const char *
driver_name(MMScanState *s, const MMDriverStats *driver)
{
	const char *name = NULL;

	for (int i = 0; i < s->columns->n; i++)
		if (driver->columns & (UINT32_C(1) << i))
			name = name == NULL ? s->columns->columns[i].name :
				psprintf("%s and %s", name, s->columns->columns[i].name);
	return name == NULL ? "shared tree" :
		driver->kind < 0 ? psprintf("paper's algorithm on %s", name) :
		driver->kind == 0 ? psprintf("merge of %s", name) :
		psprintf("%s %s", name, mm_subindex_kind_name(driver->kind));
}

/*
 * What has driven searches, where there is a choice; what each has done, and in
 * parentheses what it was expected to do.
 */
static void
show_drivers(MMScanState *s, const MMSearchStats *stats, ExplainState *es)
{
	List	   *drivers = NIL;

	if (stats->ndrivers == 0 || (stats->ndrivers == 1 && stats->drivers[0].columns == 0))
		return;
	for (int i = 0; i < stats->ndrivers; i++)
	{
		const MMDriverStats *driver = &stats->drivers[i];

		drivers = lappend(drivers, psprintf("%s: " INT64_FORMAT " (%.0f) pages, " INT64_FORMAT " (%.0f) entries, " INT64_FORMAT " (%.0f) candidates",
											driver_name(s, driver), driver->pages, driver->estimated_pages,
											driver->entries, driver->estimated_entries,
											driver->candidates, driver->estimated_candidates));
	}
	ExplainPropertyList("Drivers", drivers, es);
	if (stats->changes > 0)
		ExplainPropertyInteger("Changes of Driver", NULL, stats->changes, es);
}

/*
 * How the scan proceeds.
 */
static const char *
search_method(MMScanState *s, const MMScanCounts *counts)
{
	if (counts->scans > 0 && counts->table_scans == counts->scans)
		return s->plan->ordered ? "whole table, sorted" : "whole table";
	return s->plan->ordered ? "tree, nearest first" :
		s->plan->any ? "tree, within any radius" :
		s->plan->ndrivers > 1 ? "tree, within all radii" : "tree, within radius";
}

void
mm_explain_work(MMScanState *s, const MMScanCounts *counts, double removed, ExplainState *es)
{
	const MMSearchStats *stats = &counts->stats;

	if (counts->evaluations != NULL)
		show_drivers(s, stats, es);
	ExplainPropertyInteger("Inner Pages", NULL, stats->inner_pages, es);
	ExplainPropertyInteger("Leaf Pages", NULL, stats->leaf_pages, es);
	ExplainPropertyInteger("Leaf Pages with Sketches", NULL, stats->whole_pages, es);
	ExplainPropertyInteger("Entries Bounded", NULL, stats->bounded, es);
	ExplainPropertyInteger("Entries Bounded by Sketches", NULL, stats->whole_entries, es);
	if (stats->refined > 0)
		ExplainPropertyInteger("Entries Refined", NULL, stats->refined, es);
	ExplainPropertyInteger("Candidates", NULL, stats->candidates, es);
	ExplainPropertyInteger("Rows Verified", NULL, counts->verified, es);
	if (counts->proved > 0)
		ExplainPropertyInteger("Rows Proved by Bounds", NULL, counts->proved, es);
	if (removed >= 0)
		ExplainPropertyFloat("Rows Removed by Distance", NULL, removed, 0, es);
	if (counts->evaluations != NULL)
		show_evaluations(s, counts->evaluations, es);
	ExplainPropertyInteger("Peak Queue Memory", "kB",
						   (stats->peak_memory + counts->peak_memory + 1023) / 1024, es);
}

void
mm_explain_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	MMScanState *s = (MMScanState *) node;
	MMScanCounts counts = mm_counts_total(s);
	List	   *conditions = NIL;

	/* Other nodes use these names, too. */
	ExplainPropertyText(es->format == EXPLAIN_FORMAT_TEXT ? "Index" : "Index Name",
						RelationGetRelationName(s->index), es);
	ExplainPropertyText("Search Method", search_method(s, &counts), es);
	if (s->plan->ordered)
	{
		bool		descending = s->plan->drivers[0].sum->negated;

		ExplainPropertyText("Order By",
							psprintf("%s%s%s",
									 deparse(s, (Node *) s->plan->drivers[0].sum->expr, ancestors, es),
									 descending ? " DESC" : "",
									 s->plan->nulls_first == descending ? "" :
									 s->plan->nulls_first ? " NULLS FIRST" : " NULLS LAST"), es);
	}
	for (int i = 0; i < s->plan->ndrivers; i++)
		conditions = list_concat(conditions, list_copy(s->plan->drivers[i].conditions));
	if (conditions != NIL)
		ExplainPropertyText("Within", deparse(s, (Node *) make_ands_explicit(conditions), ancestors, es), es);
	show_terms(s, es);
	/* Counts are of rows that are not to be seen, too: no more than PostgreSQL's own. */
	if (!es->analyze || s->plan->secured)
		return;
	if (counts.table_scans > 0 && counts.table_scans < counts.scans)
		ExplainPropertyInteger("Scans of the Whole Table", NULL, counts.table_scans, es);
	mm_explain_work(s, &counts, conditions != NIL && node->ss.ps.instrument != NULL ?
					node->ss.ps.instrument->nfiltered2 : -1.0, es);
}
