/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  Reading the rows of candidates, and checking what a custom scan checks
 *	  itself: quals, and the bounds of its sums.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "executor/executor.h"
#include "pgstat.h"
#include "utils/float.h"

#include "plan/scan.h"

/*
 * mm_scan_passes_quals: see scan.h.
 */
bool
mm_scan_passes_quals(MMScanState *s)
{
	ExprContext *econtext = s->css.ss.ps.ps_ExprContext;

	ResetExprContext(econtext);
	econtext->ecxt_scantuple = s->css.ss.ss_ScanTupleSlot;
	if (ExecQual(s->early, econtext))
		return true;
	InstrCountFiltered1(&s->css.ss.ps, 1);
	return false;
}

/*
 * mm_scan_read: see scan.h.
 */
bool
mm_scan_read(MMScanState *s, ItemPointer tid)
{
	bool		call_again = false;
	bool		all_dead = false;

	if (!table_index_fetch_tuple(s->fetch, tid, s->css.ss.ps.state->es_snapshot,
								 s->css.ss.ss_ScanTupleSlot, &call_again, &all_dead))
		return false;
	pgstat_count_heap_fetch(s->index);
	s->counts.verified++;
	return mm_scan_passes_quals(s);
}

/*
 * Do all sums but the first let the row in the scan's slot pass, if all must
 * be within their bounds?
 */
bool
mm_scan_passes_other_sums(MMScanState *s)
{
	for (int i = 1; i < s->plan->ndrivers && !s->plan->any; i++)
	{
		MMSumState *sum = s->sums[i];
		double		value;
		bool		isnull;

		if (!mm_sum_evaluate(sum, s->css.ss.ps.ps_ExprContext,
							 sum->kind == MM_SUM_WEIGHTED ? sum->bound : get_float8_infinity(),
							 &value, &isnull) ||
			!mm_sum_conditions(sum, s->css.ss.ps.ps_ExprContext))
		{
			InstrCountFiltered2(&s->css.ss.ps, 1);
			return false;
		}
	}
	return true;
}

/*
 * Check the conditions on the row that was just evaluated.
 */
bool
mm_scan_passes_conditions(MMScanState *s, MMSumState *sum)
{
	if (sum->conditions == NULL || mm_sum_conditions(sum, s->css.ss.ps.ps_ExprContext))
		return true;
	InstrCountFiltered2(&s->css.ss.ps, 1);
	return false;
}

/*
 * Restrict a search to rows that all other sums have within their bounds.
 */
void
mm_scan_add_other_sums(MMScanState *s)
{
	for (int i = 1; i < s->plan->ndrivers && !s->plan->any; i++)
	{
		MMTerm *terms;
		bool		complete;
		int			n = mm_sum_search_terms(s->sums[i], s->columns, &terms, &complete);

		mm_search_also(s->search, terms, n, mm_sum_search_bound(s->sums[i], s->sums[i]->bound));
	}
}
