/*-------------------------------------------------------------------------
 *
 * estimate.c
 *	  How many rows conditions on weighted sums let through.
 *
 * To the planner, sum <= radius is a comparison of something it knows nothing
 * about: it takes a third of the rows to satisfy it.  So joins above it would be
 * planned for far too many rows, and a sequential scan would promise to find
 * the ten rows of a LIMIT at once.  The statistics of an index tell better,
 * whether or not the index is used.
 *
 * The planner offers nothing between where it has assigned conditions to
 * tables and where it estimates these.  But the hook for paths may change what
 * is there, and at its first call in a query only one table has paths.  Then
 * the estimates of all tables are corrected:
 *	- the selectivity that a RestrictInfo remembers, of conditions and of
 *	  clauses of joins, so that the planner's own arithmetic of ANDs and ORs goes
 *	  on from there;
 *	- the rows of tables, and of what partitions and UNION ALL append;
 *	- the rows of paths that there are already.
 *
 * What the estimates tell of the data, they tell as pg_statistic does: by
 * numbers that sum up many rows.  No function sees a value.  But whoever asks
 * for many radii learns how distances are distributed.  So where row-level security
 * hides rows, the same is estimated of every index and radius, as where PostgreSQL
 * may not use its statistics (mm_planner_statistics).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/float.h"
#include "utils/selfuncs.h"

#include "am/am.h"
#include "search/cost_model.h"
#include "compat.h"
#include "plan/offer.h"
#include "type/odbquery.h"

/* As little as is told from nothing. */
#define LEAST_SELECTIVITY	1e-10

/* ---------- one sum ---------- */

double
mm_estimated_value(PlannerInfo *root, Expr *expr)
{
	Const	   *constant = (Const *) estimate_expression_value(root, (Node *) expr);

	if (!IsA(constant, Const) || constant->constisnull)
		return get_float8_nan();
	if (constant->consttype == FLOAT8OID)
		return DatumGetFloat8(constant->constvalue);
	if (constant->consttype == FLOAT4OID)
		return DatumGetFloat4(constant->constvalue);
	return get_float8_nan();
}

static bool
factor_value(Expr *expr, int i, void *root, double *value)
{
	*value = mm_estimated_value(root, expr);
	return !isnan(*value);
}

/*
 * A product as far as it is known; NaN if it is not.
 */
static double
known_value(const MMProductValue *product)
{
	return product->known ? product->value : get_float8_nan();
}

/*
 * The weights that a query object gives a composite's attributes, times factor,
 * and its radius, if it has one; false if it is not known yet.
 */
static bool
add_query_weights(MMOffer *offer, Expr *query, double factor, MMWeights *weights, double *radius)
{
	Const	   *constant = (Const *) estimate_expression_value(offer->root, (Node *) query);
	OdbQueryParts parts;

	if (!IsA(constant, Const) || constant->constisnull)
		return false;
	mm_odbquery_unpack(DatumGetOdbQuery(constant->constvalue), &parts);
	if (parts.natts != offer->columns->ncomponents)
		return false;			/* an error, when the query runs */
	for (int c = 0; c < offer->columns->n; c++)
	{
		int			i = offer->columns->columns[c].component;

		if (offer->columns->columns[c].dropped || parts.isnull[i])
			continue;
		weights->weights[c] += factor * parts.weights[i] / (parts.scales ? parts.scales[i] : 1.0);
		weights->missing[c] = get_float8_nan();
	}
	*radius = parts.has_radius ? parts.radius : get_float8_nan();
	return true;
}

static double
constant_value(Expr *expr, void *root)
{
	return mm_estimated_value(root, expr);
}

/*
 * About the value of a term's curve for a distance.
 */
static double
curve_value(MMOffer *offer, const MMSum *sum, const MMSumTerm *term, double distance)
{
	double		value = mm_curve_estimate(term->curve, (Expr *) sum->parts[term->part].expr, distance,
										  constant_value, offer->root);

	return term->falls ? -value : value;
}

/*
 * The weight that comes near what a curve makes of usual distances, which are half
 * a scale, and what it adds to that; NaN and 0 if that is not known.
 */
static double
curve_weight(MMOffer *offer, const MMSum *sum, const MMSumTerm *term, double scale, double *offset)
{
	double		nearest = curve_value(offer, sum, term, 0.0);
	double		usual = curve_value(offer, sum, term, scale / 2);
	double		weight = (usual - nearest) / (scale / 2);

	*offset = isfinite(nearest) ? nearest : 0.0;
	return isfinite(weight) ? Max(weight, 0.0) : get_float8_nan();
}

bool
mm_estimate_weights(MMOffer *offer, const MMSum *sum, MMWeights *weights, double *offset)
{
	MMTermValue values[MM_MAX_TERMS];
	bool		some = false;

	memset(weights, 0, sizeof(MMWeights));
	*offset = 0.0;
	mm_sum_values(sum, factor_value, offer->root, values);
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];
		double		factor = known_value(&values[i].product);
		double		missing = known_value(&values[i].missing);
		const MMSumPart *part = &sum->parts[Max(term->part, 0)];
		double		radius;
		int			column;

		if (term->part < 0)
		{
			double		low = term->low == NULL ? 1.0 : mm_estimated_value(offer->root, term->low);

			*offset += isnan(factor * low) ? 0.0 : factor * low;
			continue;
		}
		if (!isnan(factor) && !(factor >= 0 && isfinite(factor)))
			return false;
		some |= isnan(factor) || factor > 0;
		column = part->column;
		if (term->curve != NULL)
		{
			double		from;

			factor *= curve_weight(offer, sum, term, offer->statistics->columns[column].scale, &from);
			*offset += isnan(factor) ? 0.0 : known_value(&values[i].product) * from;
		}
		if (column == -1 &&
			add_query_weights(offer, list_nth(part->expr->args, part->argument),
							  isnan(factor) ? 1.0 : factor, weights, &radius))
			continue;
		for (int c = 0; c < offer->columns->n; c++)
		{
			double		scale = offer->statistics->columns[c].scale;

			if (column != -1 && column != c)
				continue;
			/* Unknown weights are likely to make columns comparable. */
			weights->weights[c] += isnan(factor) ? 1.0 / scale : factor;
			weights->missing[c] += isnan(missing) && term->has_missing ? 1.0 : missing;
		}
	}
	return some;
}

double
mm_estimate_within(MMOffer *offer, const MMWeights *weights, double radius, bool or_equal)
{
	double		fraction;

	if (isnan(radius))
		return mm_cost_model.unknown_radius;
	fraction = mm_pairs_fraction(offer->statistics, weights, radius, or_equal);
	return fraction < 0 ? mm_cost_model.unknown_radius : fraction;
}

/*
 * The selectivity of a condition that a sum is at most something, or if not
 * at_most, at least; negative if it is none, or that is for others to tell.
 */
static double
estimate_comparison(MMOffer *offer, Expr *condition, bool at_most)
{
	MMComparison comparison;
	MMWeights	weights;
	double		offset;
	double		bound;
	double		fraction;

	if (!mm_match_comparison(offer, condition, at_most, &comparison) ||
		!mm_estimate_weights(offer, comparison.sum, &weights, &offset))
		return -1.0;
	bound = mm_estimated_value(offer->root, comparison.bound) - offset;
	if (isnan(bound) && !at_most)
		return -1.0;
	/* Of what is not less, all but those that are. */
	fraction = mm_estimate_within(offer, &weights, bound,
								  at_most ? comparison.or_equal : !comparison.or_equal);
	if (at_most)
		return fraction;

	/*
	 * The planner takes an expression to be NULL as often, and puts it in where
	 * both ends of a range are given.
	 */
	return Max(1.0 - DEFAULT_UNK_SEL - fraction, LEAST_SELECTIVITY);
}

/*
 * The selectivity of a condition; negative if that is for others to tell.
 */
static double
estimate_condition(MMOffer *offer, Expr *condition)
{
	double		fraction = estimate_comparison(offer, condition, true);

	return fraction >= 0 ? fraction : estimate_comparison(offer, condition, false);
}

/* ---------- composite <@ odbquery ---------- */

PG_FUNCTION_INFO_V1(mm_within_restriction);

/*
 * mm_within_restriction(root, operator, args, varRelid): how selective composite
 * <@ odbquery is; the operator's RESTRICT.
 */
Datum
mm_within_restriction(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	Node	   *composite = linitial(args);
	int			relid;
	RelOptInfo *rel;
	ListCell   *lc;

	if (!bms_get_singleton_member(pull_varnos(root, composite), &relid) ||
		(rel = root->simple_rel_array[relid]) == NULL)
		PG_RETURN_FLOAT8(mm_cost_model.unknown_radius);
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *info = lfirst_node(IndexOptInfo, lc);
		MMWeights	weights = {0};
		MMOffer    *offer;
		double		radius;

		if (info->amcostestimate != mmdb_costestimate ||
			!match_index_to_operand(composite, 0, info) ||
			(offer = mm_offer_open(root, rel, info)) == NULL)
			continue;
		if (offer->columns->composite != NULL &&
			add_query_weights(offer, lsecond(args), 1.0, &weights, &radius))
			PG_RETURN_FLOAT8(mm_estimate_within(offer, &weights, radius, true));
	}
	PG_RETURN_FLOAT8(mm_cost_model.unknown_radius);
}

/* ---------- the conditions of a table ---------- */

/*
 * Estimate a condition of a table, or those that it joins by OR and AND.
 */
static bool
estimate_restriction(MMOffer *offer, Node *node)
{
	RestrictInfo *rinfo = (RestrictInfo *) node;
	bool		found = false;
	double		fraction;
	ListCell   *lc;

	if (is_andclause(node) || is_orclause(node))
	{
		foreach(lc, ((BoolExpr *) node)->args)
			found |= estimate_restriction(offer, lfirst(lc));
		return found;
	}
	if (!IsA(rinfo, RestrictInfo) || rinfo->norm_selec > 1)
		return false;
	if (rinfo->orclause != NULL)
	{
		found = estimate_restriction(offer, (Node *) rinfo->orclause);
		if (found)
			rinfo->norm_selec = -1; /* to be worked out again */
		return found;
	}
	fraction = estimate_condition(offer, rinfo->clause);
	if (fraction < 0)
		return false;
	rinfo->norm_selec = fraction;
	return true;
}

/*
 * Is a clause one of a semi- or anti-join?  If so, *inner_rows are looked through
 * for one that matches.
 */
static bool
is_looking_for_match(PlannerInfo *root, const RestrictInfo *rinfo, double *inner_rows)
{
	ListCell   *lc;

	foreach(lc, root->join_info_list)
	{
		SpecialJoinInfo *join = lfirst_node(SpecialJoinInfo, lc);
		int			inner = -1;

		if ((join->jointype != JOIN_SEMI && join->jointype != JOIN_ANTI) ||
			!bms_overlap(rinfo->clause_relids, join->syn_lefthand) ||
			!bms_overlap(rinfo->clause_relids, join->syn_righthand))
			continue;
		*inner_rows = 1.0;
		while ((inner = bms_next_member(rinfo->clause_relids, inner)) >= 0)
			if (bms_is_member(inner, join->syn_righthand) && inner < root->simple_rel_array_size &&
				root->simple_rel_array[inner] != NULL)
				*inner_rows *= root->simple_rel_array[inner]->rows;
		return true;
	}
	return false;
}

/*
 * A clause of a join lets this fraction of all pairs of rows through.
 */
static void
set_join_selectivity(PlannerInfo *root, RestrictInfo *rinfo, double fraction)
{
	double		inner_rows;

	rinfo->norm_selec = rinfo->outer_selec = fraction;

	/*
	 * In a semi- or anti-join, how many rows find a match?  Were rows spread
	 * evenly, all but exp(-matches) of them, with so many matches in the mean.
	 * But they lie dense here and sparse there; with an exponential distribution
	 * of densities it is all but 1 / (1 + matches).
	 */
	if (is_looking_for_match(root, rinfo, &inner_rows))
		rinfo->outer_selec = Max(fraction * inner_rows / (1.0 + fraction * inner_rows),
								 LEAST_SELECTIVITY);
}

/* ---------- tables ---------- */

/*
 * Is it a table with rows of its own, or a partition?
 */
static bool
is_table(RelOptInfo *rel)
{
	return rel != NULL && rel->rtekind == RTE_RELATION && rel->indexlist != NIL &&
		(rel->reloptkind == RELOPT_BASEREL || rel->reloptkind == RELOPT_OTHER_MEMBER_REL) &&
		!IS_DUMMY_REL(rel);
}

static bool
any_mentions(List *rinfos, const IndexOptInfo *info)
{
	ListCell   *lc;

	foreach(lc, rinfos)
		if (mm_sum_mentions((Node *) lfirst_node(RestrictInfo, lc)->clause, info))
			return true;
	return false;
}

/*
 * The indexes of a table that can tell something of its conditions.
 */
static List *
open_offers(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *offers = NIL;
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *info = lfirst_node(IndexOptInfo, lc);
		MMOffer    *offer;

		if (info->amcostestimate != mmdb_costestimate ||
			(!any_mentions(rel->baserestrictinfo, info) && !any_mentions(rel->joininfo, info)))
			continue;
		offer = mm_offer_open(root, rel, info);
		if (offer != NULL)
			offers = lappend(offers, offer);
	}
	return offers;
}

/*
 * Correct the rows of what appends others.
 */
static void
sum_up_appended(PlannerInfo *root, RelOptInfo *rel)
{
	double		rows = 0.0;
	ListCell   *lc;

	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *append = lfirst_node(AppendRelInfo, lc);
		RelOptInfo *child;

		if (append->parent_relid != rel->relid)
			continue;
		child = find_base_rel(root, append->child_relid);
		if (IS_DUMMY_REL(child))
			continue;
		if (root->simple_rte_array[child->relid]->inh)
			sum_up_appended(root, child);
		rows += child->rows;
	}
	if (rows > 0)
		rel->rows = rel->tuples = rows;
}

/*
 * What partitions tell of clauses of joins, their parent's clauses are told, in
 * the means.
 */
static void
sum_up_joins(PlannerInfo *root, RelOptInfo *parent)
{
	for (int i = 0; i < list_length(parent->joininfo); i++)
	{
		double		all = 0.0;
		double		matching = 0.0;
		ListCell   *lc;

		foreach(lc, root->append_rel_list)
		{
			AppendRelInfo *append = lfirst_node(AppendRelInfo, lc);
			RelOptInfo *child;
			RestrictInfo *rinfo;

			if (append->parent_relid != parent->relid)
				continue;
			child = find_base_rel(root, append->child_relid);
			if (IS_DUMMY_REL(child))
				continue;
			if (i == 0 && root->simple_rte_array[child->relid]->inh)
				sum_up_joins(root, child);
			if (list_length(child->joininfo) != list_length(parent->joininfo))
				return;
			rinfo = list_nth_node(RestrictInfo, child->joininfo, i);
			if (rinfo->norm_selec < 0 || rinfo->norm_selec > 1)
			{
				all = 0.0;
				break;
			}
			all += child->rows;
			matching += child->rows * rinfo->norm_selec;
		}
		if (all > 0)
			set_join_selectivity(root, list_nth_node(RestrictInfo, parent->joininfo, i),
								 matching / all);
	}
}

void
mm_estimate_tables(PlannerInfo *root)
{
	List	   *all_offers = NIL;
	bool		changed = false;
	ListCell   *lc;
	ListCell   *lc2;

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *rel = root->simple_rel_array[i];
		List	   *offers;
		bool		found = false;

		if (!is_table(rel))
			continue;
		offers = open_offers(root, rel);
		foreach(lc, offers)
			foreach(lc2, rel->baserestrictinfo)
				found |= estimate_restriction(lfirst(lc), lfirst(lc2));
		if (found)
			rel->rows = clamp_row_est(rel->tuples *
									  clauselist_selectivity(root, rel->baserestrictinfo, 0,
															 JOIN_INNER, NULL));
		changed |= found;
		all_offers = list_concat(all_offers, offers);
	}
	if (all_offers == NIL)
		return;
	if (changed)
		for (int i = 1; i < root->simple_rel_array_size; i++)
			if (root->simple_rel_array[i] != NULL && root->simple_rte_array[i]->inh &&
				root->simple_rel_array[i]->reloptkind == RELOPT_BASEREL &&
				!IS_DUMMY_REL(root->simple_rel_array[i]))
				sum_up_appended(root, root->simple_rel_array[i]);

	/* How many find a match depends on how many rows there are to match. */
	foreach(lc, all_offers)
	{
		MMOffer    *offer = lfirst(lc);

		foreach(lc2, offer->rel->joininfo)
		{
			RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc2);
			double		fraction = rinfo->norm_selec > 1 ? -1.0 :
				estimate_condition(offer, rinfo->clause);

			if (fraction >= 0)
				set_join_selectivity(root, rinfo, fraction);
		}
	}
	for (int i = 1; i < root->simple_rel_array_size; i++)
		if (root->simple_rel_array[i] != NULL && root->simple_rte_array[i]->inh &&
			root->simple_rel_array[i]->reloptkind == RELOPT_BASEREL &&
			!IS_DUMMY_REL(root->simple_rel_array[i]))
			sum_up_joins(root, root->simple_rel_array[i]);
}

/* ---------- paths ---------- */

void
mm_estimate_parameterized(PlannerInfo *root, RelOptInfo *rel, ParamPathInfo *info)
{
	List	   *others = list_copy(rel->baserestrictinfo);
	double		known = 1.0;
	double		rows;
	bool		found = false;
	ListCell   *lc;

	/*
	 * The planner itself takes a third here, too.  What a clause of a join
	 * remembers is from us: the planner estimates such clauses later than this.
	 */
	foreach(lc, info->ppi_clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (rinfo->norm_selec < 0 || rinfo->norm_selec > 1 || rinfo->orclause != NULL)
		{
			others = lappend(others, rinfo);
			continue;
		}
		known *= rinfo->norm_selec;
		found = true;
	}
	if (!found)
		return;
	rows = rel->tuples * known *
		clauselist_selectivity(root, others, rel->relid, JOIN_INNER, NULL);
	info->ppi_rows = Min(clamp_row_est(rows), rel->rows);
}

/*
 * How many rows each process of a parallel scan gets, of all; see costsize.c.
 */
static double
rows_of_process(const Path *path, double rows)
{
	double		divisor = path->parallel_workers;
	double		leader = parallel_leader_participation ? 1.0 - 0.3 * path->parallel_workers : 0.0;

	return clamp_row_est(rows / (divisor + Max(leader, 0.0)));
}

static void
correct_path(RelOptInfo *rel, Path *path, bool partial)
{
	double		rows = path->param_info != NULL ? path->param_info->ppi_rows : rel->rows;

	switch (nodeTag(path))
	{
		case T_Path:			/* sequential and sample scans */
		case T_IndexPath:
		case T_BitmapHeapPath:
		case T_TidPath:
		case T_TidRangePath:
			break;
		default:
			return;				/* somebody else's */
	}
	if (partial)
		rows = rows_of_process(path, rows);
	if (path->pathtarget == rel->reltarget)
		path->total_cost += (rows - path->rows) * path->pathtarget->cost.per_tuple;
	path->rows = rows;
}

void
mm_estimate_paths(PlannerInfo *root, RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->ppilist)
		mm_estimate_parameterized(root, rel, lfirst(lc));
	foreach(lc, rel->pathlist)
		correct_path(rel, lfirst(lc), false);
	foreach(lc, rel->partial_pathlist)
		correct_path(rel, lfirst(lc), true);
}
