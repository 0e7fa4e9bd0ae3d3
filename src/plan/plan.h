/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  The custom scan: rows of a table by weighted sums of distances.
 *
 * The planner's decision (MMScanPlan) is for one of these scans: the rows in
 * the order of a sum, perhaps only those within a bound of it, and of other
 * sums; the rows within the bounds of all of its sums, in no order; or the
 * rows within the bounds of any of its sums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PLAN_H
#define MM_PLAN_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"

#include "plan/curve.h"
#include "plan/sum.h"
#include "search/search.h"

/*
 * A sum, with the conditions on it that the scan takes care of.
 */
typedef struct MMDriver
{
	MMSum	   *sum;
	List	   *bounds;			/* expressions that the sum is at most */
	List	   *conditions;		/* those that say so; the scan checks them */
} MMDriver;

typedef struct MMScanPlan
{
	Oid			index;
	bool		ordered;		/* by the first driver */
	bool		nulls_first;	/* if so, those without a distance come first */
	bool		any;			/* any driver's conditions are enough */
	bool		limited;		/* limit and offset bound the rows read */
	Expr	   *limit;			/* NULL: none */
	Expr	   *offset;
	bool		secured;		/* row-level security or the like comes before all else */
	int			early_quals;	/* quals that are checked before distances */
	int			ndrivers;
	MMDriver   *drivers;
} MMScanPlan;

/* paths.c */

/*
 * mm_plan_init: offer custom scans to the planner from now on.
 */
extern void mm_plan_init(void);

/* one_row.c */

/*
 * mm_one_row_init: likewise offer joins with relations of one row.
 */
extern void mm_one_row_init(void);

/* plan_lists.c */

/*
 * mm_plan_pack, mm_plan_unpack: convert a plan to the lists of a CustomScan
 * and back.  These are custom_exprs, with expressions, which the planner may
 * change, and custom_private, with numbers.
 */
extern void mm_plan_pack(const MMScanPlan *plan, List **exprs, List **numbers);
extern MMScanPlan *mm_plan_unpack(List *exprs, List *numbers);

/* ---------- at run time ---------- */

typedef struct MMPartCurve MMPartCurve;

typedef struct MMPartState
{
	const MMSumPart *part;
	MetricSpace *space;			/* NULL: of a composite as a whole */
	ExprState  *argument;		/* the value */
	AttrNumber	attnum;			/* of the table's column; or 0: */
	ExprState  *operand;		/* what is at some distance from the value */
	ExprState  *distance;		/* if the metric does not compute it, as for a composite */
	Datum		value;
	bool		isnull;
	void	   *prepared;
	double		factor;			/* of all its terms but those with curves */
	bool		null_factor;	/* one of these has a factor that is NULL */
	MMPartCurve *curve;			/* of all of them, if any has a curve; or NULL */
	double		missing;		/* what it adds where it is NULL */
	bool		null_sum;		/* or else, the sum is NULL */
	bool		finite;			/* no distance is Infinity */
	bool		no_weight;		/* distances need not be computed: times 0 */
	int64		evaluations;
} MMPartState;

/* What the values of one scan make of a sum. */
typedef enum MMSumKind
{
	MM_SUM_WEIGHTED,			/* a sum the index can search for */
	MM_SUM_NULL,				/* NULL for all rows */
	MM_SUM_OTHER,				/* a weight is negative or not finite, ... */
} MMSumKind;

typedef struct MMSumState
{
	const MMDriver *driver;
	MMPartState *parts;		/* of driver->sum->nparts */
	List	   *factors;		/* ExprStates of mm_sum_factors */
	MMCurveNode **curves;		/* of each term; NULL: it has none */
	ExprState **lows;			/* likewise */
	List	   *bounds;			/* ExprStates */
	bool		ready;			/* these, and the arguments of parts */
	CustomScanState *node;		/* whose expressions they are */
	Oid			user;			/* who has begun it */
	ExprState  *value;			/* the expression, given its parts' distances; NULL: no
								 * row has been evaluated yet */
	ExprState  *conditions;		/* likewise given these */
	TupleTableSlot *distances;	/* one column for each part */
	double		offset;			/* the constant terms, and what others are at least */
	double		magnitude;		/* of the greatest intermediate numbers */
	double		unit;			/* all distances are whole, and all numbers in the
								 * sum are multiples of this power of 2; or 0 */
	bool		null_bound;		/* so that no row is within */
	double		bound;			/* the least of bounds; Infinity without one */
	MMSumKind	kind;
} MMSumState;

/* part_curve.c */

/*
 * mm_part_curve_add: let a term with a curve, times factor, be one of a part's,
 * whose curve (NULL: it has none yet) is returned.  The curve is what the term adds
 * to its least value, zero.  It lasts as long as the current context.
 *
 * mm_part_curve_least: a lower bound of what a distance adds, with factor times the
 * distance for the part's other terms.
 *
 * mm_part_curve_term: the same as a search has it.
 */
extern MMPartCurve *mm_part_curve_add(MMPartCurve *curve, const MMCurveNode *node,
									  double factor, double zero);
extern double mm_part_curve_least(MMPartCurve *curve, double factor, double distance);
extern MMTermCurve *mm_part_curve_term(MMPartCurve *curve, double factor);

/* sum_state.c */

/*
 * mm_sum_init: make a driver ready for a node.  Raises an error if the user may not
 * compute its distances.  Other functions' privileges are looked at when they are
 * first needed.
 */
extern MMSumState *mm_sum_init(const MMDriver *driver, const MMColumns *columns,
							   CustomScanState *node);

/*
 * mm_sum_begin: evaluate everything that is constant for one scan, in the
 * current context.
 */
extern void mm_sum_begin(MMSumState *sum, ExprContext *econtext);

/* sum_like.c */

/*
 * mm_sum_begin_like: do the same by taking over what another sum has evaluated, which
 * must stay.  Returns false, and does nothing, unless that is certain to be the same.
 */
extern bool mm_sum_begin_like(MMSumState *sum, const MMSumState *other);

/* sum_state.c */

/*
 * mm_sum_search_terms: the terms to search the index for, in the current
 * context.  Returns how many there are.  *complete becomes true if they are
 * all there is to the sum, so that bounds of theirs are bounds of the sum.
 */
extern int	mm_sum_search_terms(const MMSumState *sum, const MMColumns *columns,
								MMTerm **terms, bool *complete);

/*
 * mm_sum_null_terms: the terms, without weight, with which to search the index
 * for rows whose sum is NULL, in the current context.  Returns how many there
 * are.  *complete becomes true if no other column, which the index does not
 * know, can make the sum NULL.
 */
extern int	mm_sum_null_terms(const MMSumState *sum, const MMColumns *columns,
							  MMTerm **terms, bool *complete);

/*
 * mm_sum_search_bound: an upper bound of the terms' sum where the sum is at
 * most value.
 */
extern double mm_sum_search_bound(const MMSumState *sum, double value);

/*
 * mm_sum_least_value: a lower bound of the sum where the terms' sum is at
 * least lower.
 */
extern double mm_sum_least_value(const MMSumState *sum, double lower);

/*
 * mm_sum_evaluate: evaluate the sum for the row in econtext->ecxt_scantuple.
 * *value becomes the value of the expression, or minus that value if the sum
 * is negated.  Returns false if the value is above most; then *value is not
 * set.  The parts' distances stay where mm_sum_conditions finds them.
 */
extern bool mm_sum_evaluate(MMSumState *sum, ExprContext *econtext, double most,
							double *value, bool *isnull);

/*
 * mm_sum_conditions: does the row that was evaluated last satisfy the
 * conditions?
 */
extern bool mm_sum_conditions(MMSumState *sum, ExprContext *econtext);

/* node.c */

/*
 * mm_limit_rows: how many rows LIMIT and OFFSET, which may be NULL, let through; 0 if
 * there is no limit, or if these are more than most.
 */
extern int64 mm_limit_rows(ExprState *limit, ExprState *offset, ExprContext *econtext,
						   int64 most);

extern const CustomScanMethods mm_scan_methods;

#endif							/* MM_PLAN_H */
