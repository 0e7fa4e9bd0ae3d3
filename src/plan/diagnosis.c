/*-------------------------------------------------------------------------
 *
 * diagnosis.c
 *	  Which sums of distances a query has for a relation, and why the
 *	  relation's indexes can answer them or not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "am/am.h"
#include "compat.h"
#include "plan/diagnosis.h"

MMDiagnosis *mm_diagnosis;
const MMServersDiagnosis *mm_servers_diagnosis;

/*
 * A use that a query makes of a sum.
 */
typedef struct Use
{
	const char *place;
	const char *shown;			/* the clause */
	Expr	   *expr;			/* the sum in it */
	bool		negated;		/* or minus a sum */
	bool		ordered;
	const char *verdict;		/* it is of no use for the index; or NULL */
	const char *hint;
	const char *unless;			/* why, if it turns out not to be used; or NULL */
	const char *unless_hint;
	List	   *distances;		/* about this relation */
} Use;

static MMFinding *
add_finding(const char *place, const char *expression, Oid index, const char *verdict,
			const char *hint)
{
	MMFinding  *finding = palloc0(sizeof(MMFinding));

	finding->place = place;
	finding->expression = expression;
	finding->index = index;
	finding->verdict = verdict;
	finding->hint = hint;
	mm_diagnosis->findings = lappend(mm_diagnosis->findings, finding);
	return finding;
}

/* ---------- indexes ---------- */

/*
 * Report an index that the planner does not even consider.
 */
static void
look_at_hidden_index(MMLook *look, Oid oid)
{
	ListCell   *lc;
	Relation	index;

	foreach(lc, look->rel->indexlist)
		if (lfirst_node(IndexOptInfo, lc)->indexoid == oid)
			return;
	index = try_relation_open(oid, AccessShareLock);
	if (index == NULL)
		return;					/* just dropped */
	if (index->rd_rel->relam == get_index_am_oid(MM_AM_NAME, true) && !index->rd_index->indisvalid)
	{
		MMFinding  *finding = palloc0(sizeof(MMFinding));

		finding->index = oid;
		finding->verdict = "the index is not valid";
		finding->hint = "It was not made to the end. REINDEX it, or drop it.";
		look->unusable = lappend(look->unusable, finding);
	}
	relation_close(index, AccessShareLock);
}

static void
look_at_indexes(MMLook *look)
{
	Relation	table = table_open(look->rte->relid, NoLock);
	List	   *oids = RelationGetIndexList(table);
	ListCell   *lc;

	foreach(lc, look->rel->indexlist)
	{
		IndexOptInfo *info = lfirst_node(IndexOptInfo, lc);
		MMOffer    *offer = mm_offer_open(look->root, look->rel, info);
		MMFinding  *finding;

		if (offer != NULL)
		{
			look->offers = lappend(look->offers, offer);
			continue;
		}
		if (info->amcostestimate != mmdb_costestimate || info->hypothetical)
			continue;
		finding = palloc0(sizeof(MMFinding));
		finding->index = info->indexoid;
		finding->verdict = "the index is partial, and the query does not ask for its rows only";
		finding->hint = psprintf("Add the index's condition to the query: %s",
								 mm_say(look, (Node *) info->indpred));
		look->unusable = lappend(look->unusable, finding);
	}
	foreach(lc, oids)
		look_at_hidden_index(look, lfirst_oid(lc));
	table_close(table, NoLock);
}

/* ---------- sums ---------- */

/*
 * The index that comes nearest to having a distance.
 */
static MMOffer *
nearest_offer(MMLook *look, OpExpr *op, MMOffer *preferred, MMFit *fit, int *column, int *argument)
{
	MMOffer    *nearest = NULL;
	ListCell   *lc;

	foreach(lc, look->offers)
	{
		MMOffer    *offer = lfirst(lc);
		int			this_column;
		int			this_argument;
		MMFit		this_fit = mm_sum_fit(look->root, op, offer->info, offer->columns,
										  &this_column, &this_argument);

		if (nearest != NULL && (this_fit > *fit || (this_fit == *fit && offer != preferred)))
			continue;
		nearest = offer;
		*fit = this_fit;
		*column = this_column;
		*argument = this_argument;
	}
	return nearest;
}

static void
diagnose_distance(MMLook *look, const char *place, OpExpr *op, MMOffer *preferred)
{
	MMFit		fit = MM_FIT_NOT;
	int			column;
	int			argument;
	MMOffer    *offer = nearest_offer(look, op, preferred, &fit, &column, &argument);
	const char *hint = NULL;
	const char *verdict;

	if (offer == NULL)
		return;
	verdict = mm_say_fit(look, op, offer, fit, column, argument, &hint);
	add_finding(place, mm_say(look, (Node *) op),
				fit < MM_FIT_SEVERAL ? offer->info->indexoid : InvalidOid, verdict, hint);
}

/*
 * Is there a distance that an index cannot have, however it is written, or that
 * another index has as it is written?
 */
static bool
needs_index(MMLook *look, List *distances, MMOffer *best)
{
	ListCell   *lc;

	foreach(lc, distances)
	{
		int			column;
		int			argument;
		MMFit		fit = mm_sum_fit(look->root, lfirst(lc), best->info, best->columns,
									 &column, &argument);

		if (fit == MM_FIT_EXPRESSION || fit == MM_FIT_NOT)
			return true;
		if (fit != MM_FIT && nearest_offer(look, lfirst(lc), NULL, &fit, &column, &argument) != NULL &&
			fit == MM_FIT)
			return true;
	}
	return false;
}

/*
 * The expression without the cast that the parser has put around a distance of
 * another type than double precision.
 */
static Expr *
strip_cast(Expr *expr)
{
	FuncExpr   *cast = (FuncExpr *) expr;

	return expr != NULL && IsA(expr, FuncExpr) && cast->funcformat == COERCE_IMPLICIT_CAST &&
		list_length(cast->args) == 1 ? linitial(cast->args) : expr;
}

/*
 * Report a sum that no index has.  best is the index that has most of its
 * distances.
 */
static void
diagnose_misfit(MMLook *look, const Use *use, MMOffer *best)
{
	MMRefusal	refusal = {MM_REFUSED_DISTANCE, NULL};
	MMRefusal	otherwise = {MM_REFUSED_DISTANCE, NULL};
	const char *verdict = use->verdict;
	const char *hint = use->hint;
	bool		single = equal(use->distances != NIL ? linitial(use->distances) : NULL, use->expr);
	ListCell   *lc;

	foreach(lc, use->distances)
		if (verdict == NULL && (verdict = mm_say_nested(look, lfirst(lc), &hint)) != NULL)
			refusal.kind = MM_REFUSED_NOT;
	if (verdict == NULL && best != NULL)
	{
		bool		turned;

		(void) mm_sum_match(look->root, use->expr, best->info, best->columns, use->negated, &refusal);
		turned = mm_sum_match(look->root, use->expr, best->info, best->columns, !use->negated,
							  &otherwise) != NULL;
		if ((refusal.kind == MM_REFUSED_TYPE || refusal.kind == MM_REFUSED_OTHER) &&
			list_member(use->distances, strip_cast(refusal.expr)))
			refusal.kind = MM_REFUSED_DISTANCE;
		if (turned)
		{
			verdict = use->ordered ? "the farthest would come first" :
				"it asks for rows beyond a distance, not within it";
			hint = use->ordered ?
				"The index finds the nearest: ORDER BY a sum ascending, or minus a sum descending." :
				"The index finds what is within a radius: a sum <= a number, or minus a sum >= a number.";
		}
		else if (refusal.kind != MM_REFUSED_DISTANCE)
			verdict = mm_say_refusal(look, &refusal, &hint);
	}
	if (verdict == NULL && best == NULL && look->unusable == NIL)
	{
		verdict = "the table has no mmdb index";
		hint = mm_say_index(look, use->distances);
	}
	if (verdict == NULL)
		foreach(lc, look->unusable)
		{
			MMFinding  *finding = lfirst(lc);

			add_finding(use->place, use->shown, finding->index, finding->verdict, finding->hint);
		}
	if (verdict == NULL && best == NULL)
		return;
	if (verdict == NULL && single)
	{
		diagnose_distance(look, use->place, linitial(use->distances), best);
		return;
	}
	if (verdict == NULL)
	{
		verdict = "no index has all its distances";
		if (needs_index(look, use->distances, best))
			hint = mm_say_index(look, use->distances);
	}
	add_finding(use->place, use->shown, InvalidOid, verdict, hint);
	if (refusal.kind == MM_REFUSED_DISTANCE && use->verdict == NULL)
		foreach(lc, use->distances)
			diagnose_distance(look, psprintf("%s, term", use->place), lfirst(lc), best);
}

static void
diagnose_use(MMLook *look, const Use *use)
{
	MMOffer    *best = NULL;
	int			most = -1;
	bool		found = false;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, look->offers)
	{
		MMOffer    *offer = lfirst(lc);
		MMSum	   *sum = mm_sum_match(look->root, use->expr, offer->info, offer->columns,
									   use->negated, NULL);
		int			fitting = 0;

		if (sum != NULL && use->verdict == NULL)
		{
			MMFinding  *finding = add_finding(use->place, use->shown, offer->info->indexoid,
											  NULL, NULL);

			finding->unless = use->unless;
			finding->hint = use->unless_hint;
			finding->on_servers = look->on_servers;
			finding->alias = look->rte->eref->aliasname;
			finding->ordered = use->ordered;
			finding->outer = sum->outer;
			finding->root = look->root;
			found = true;
			if (list_length(use->distances) > 1)
				foreach(lc2, use->distances)
					diagnose_distance(look, psprintf("%s, term", use->place), lfirst(lc2), offer);
			continue;
		}
		foreach(lc2, use->distances)
		{
			int			column;
			int			argument;

			fitting += mm_sum_fit(look->root, lfirst(lc2), offer->info, offer->columns,
								  &column, &argument) == MM_FIT;
		}
		if (fitting > most)
		{
			most = fitting;
			best = offer;
		}
	}
	if (!found)
		diagnose_misfit(look, use, best);
}

/* ---------- where a query has them ---------- */

/*
 * Report what stands between a distance and the table that it is about: the
 * relation is a subquery that is planned by itself.
 */
static const char *
say_subquery(MMLook *look, const char **hint)
{
	if (look->rte->rtekind == RTE_CTE)
	{
		*hint = psprintf("WITH %s AS NOT MATERIALIZED (...), or the clause within it.",
						 quote_identifier(look->rte->ctename));
		return psprintf("%s is computed before, as a whole", quote_identifier(look->rte->ctename));
	}
	if (look->rte->security_barrier)
	{
		*hint = "A condition on functions that are LEAKPROOF passes a barrier. An order does not, but it passes policies of row-level security on the table.";
		return "the view is a security barrier";
	}
	*hint = "Put the clause into the subquery.";
	return "the subquery is computed before, as it has LIMIT, DISTINCT, GROUP BY or the like";
}

/*
 * Is there a distance in an expression, or, if the relation is a subquery, in
 * what the expression stands for there?
 */
static bool
subquery_mentions(MMLook *look, Node *node)
{
	Query	   *query = NULL;
	List	   *vars = pull_var_clause(node, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
									   PVC_RECURSE_PLACEHOLDERS);
	bool		about_relation = false;
	ListCell   *lc;

	if (look->rte->rtekind == RTE_SUBQUERY)
		query = look->rte->subquery;
	else
	{
		PlannerInfo *root = look->root;

		for (Index level = look->rte->ctelevelsup; level > 0 && root != NULL; level--)
			root = root->parent_root;
		foreach(lc, root != NULL ? root->parse->cteList : NIL)
			if (strcmp(lfirst_node(CommonTableExpr, lc)->ctename, look->rte->ctename) == 0)
				query = (Query *) lfirst_node(CommonTableExpr, lc)->ctequery;
	}
	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);
		TargetEntry *tle;

		if (var->varno != (int) look->rel->relid || var->varlevelsup > 0)
			continue;
		about_relation = true;
		tle = query != NULL ? get_tle_by_resno(query->targetList, var->varattno) : NULL;
		if (tle != NULL && mm_mentions_distance((Node *) tle->expr))
			return true;
	}
	return about_relation && mm_mentions_distance(node);
}

/*
 * The same for a relation of any kind.
 */
static bool
is_about(MMLook *look, Node *node)
{
	return look->rte->rtekind == RTE_RELATION ?
		mm_distances_of(look->root, look->rel->relid, node) != NIL : subquery_mentions(look, node);
}

/*
 * Note a use that has been found in the query.
 */
static void
add_use(MMLook *look, Use *use)
{
	if (look->rte->rtekind != RTE_RELATION)
	{
		if (use->verdict == NULL)
			use->verdict = say_subquery(look, &use->hint);
		add_finding(use->place, use->shown, InvalidOid, use->verdict, use->hint);
		return;
	}
	use->distances = mm_distances_of(look->root, look->rel->relid, (Node *) use->expr);
	if (look->rte->tablesample != NULL && use->verdict == NULL)
		use->verdict = "TABLESAMPLE reads the table";
	if (look->rte->relkind == RELKIND_FOREIGN_TABLE && use->verdict == NULL)
	{
		use->verdict = "it is a foreign table";
		use->hint = IS_OTHER_REL(look->rel) ?
			"The servers of a table are searched together if all its partitions are foreign tables of postgres_fdw." :
			"Ask its server: mm_why_not there tells of the indexes that it has.";
	}
	if (look->on_servers && use->unless == NULL)
		use->unless = mm_servers_diagnosis->refusal(look->root, look->rel, look->rte, use->expr,
													&use->unless_hint);
	diagnose_use(look, use);
}

static void
diagnose_order(MMLook *look)
{
	PlannerInfo *root = look->root;
	ListCell   *lc;
	bool		first = true;

	foreach(lc, root->parse->sortClause)
	{
		SortGroupClause *key = lfirst_node(SortGroupClause, lc);
		TargetEntry *tle = get_sortgroupref_tle(key->tleSortGroupRef, root->processed_tlist);
		Expr	   *expr = tle->expr;
		bool		descending = false;
		Use			use = {.place = "ORDER BY", .ordered = true};

		if (IS_OTHER_REL(look->rel))
			expr = (Expr *) mm_adjust_to_child(root, (Node *) expr, look->rel);
		if (is_about(look, (Node *) expr))
		{
			(void) get_equality_op_for_ordering_op(key->sortop, &descending);
			use.expr = expr;
			use.negated = descending;
			use.shown = psprintf("%s%s%s", mm_say(look, (Node *) expr), descending ? " DESC" : "",
								 key->nulls_first == descending ? "" :
								 key->nulls_first ? " NULLS FIRST" : " NULLS LAST");
			if (!first)
			{
				use.verdict = "it is not what is ordered by first";
				use.hint = "The index gives the order of the first key.";
			}
			else if (contain_agg_clause((Node *) expr) || contain_window_function((Node *) expr))
			{
				use.verdict = "it is computed from several rows";
				use.hint = "The index gives the order of a distance of each row.";
			}
			else if (root->parse->groupClause != NIL || root->parse->distinctClause != NIL ||
					 root->parse->hasWindowFuncs)
				use.unless = "the index has it, but GROUP BY, DISTINCT or a window function comes first";
			add_use(look, &use);
		}
		first = false;
	}
}

/*
 * Diagnose a condition that is a comparison, or should be one.
 */
static void
diagnose_comparison(MMLook *look, Use *use, Node *clause)
{
	OpExpr	   *op = (OpExpr *) clause;
	Oid			float_ops = lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	int			strategy = IsA(clause, OpExpr) && list_length(op->args) == 2 ?
		get_op_opfamily_strategy(op->opno, float_ops) : 0;
	bool		less = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber;
	bool		greater = strategy == BTGreaterStrategyNumber || strategy == BTGreaterEqualStrategyNumber;
	Node	   *small;
	Node	   *large;

	if (use->shown == NULL)
		use->shown = mm_say(look, clause);
	use->expr = (Expr *) clause;
	if (!less && !greater)
	{
		if (use->verdict == NULL)
		{
			use->verdict = "it does not say that a sum is at most a number of double precision";
			use->hint = "Compare the sum by < or <=, or minus the sum by > or >=, with double precision; numeric is another type.";
		}
		add_use(look, use);
		return;
	}
	small = less ? linitial(op->args) : lsecond(op->args);
	large = less ? lsecond(op->args) : linitial(op->args);
	if (mm_is_constant(look->root, large, look->rel->relid))
		use->expr = (Expr *) small;
	else if (mm_is_constant(look->root, small, look->rel->relid))
	{
		use->expr = (Expr *) large;
		use->negated = true;
	}
	else if (use->verdict == NULL)
	{
		use->verdict = "both sides of the comparison depend on the row";
		use->hint = "What a sum is compared with must be the same for all rows.";
	}
	add_use(look, use);
}

/*
 * Diagnose the arms of an OR.  Each must have a condition on a distance.
 */
static void
diagnose_disjunction(MMLook *look, Use *use, Node *clause)
{
	List	   *arms = ((BoolExpr *) clause)->args;
	ListCell   *lc;
	ListCell   *lc2;

	use->shown = mm_say(look, clause);
	use->unless = "the index has it, but not what OR lets suffice, or the planner expects another plan to cost less";
	foreach(lc, arms)
		if (!is_about(look, lfirst(lc)))
		{
			add_finding(use->place, use->shown, InvalidOid,
						psprintf("%s suffices, and is not about a distance", mm_say(look, lfirst(lc))),
						"UNION of two queries can use an index for each.");
			return;
		}
	foreach(lc, arms)
	{
		Node	   *arm = lfirst(lc);
		List	   *parts = is_andclause(arm) ? ((BoolExpr *) arm)->args : list_make1(arm);

		foreach(lc2, parts)
		{
			Use			part = *use;

			if (is_about(look, lfirst(lc2)))
				diagnose_comparison(look, &part, lfirst(lc2));
		}
	}
}

static void
diagnose_condition(MMLook *look, RestrictInfo *rinfo, bool joined)
{
	Node	   *clause = (Node *) rinfo->clause;
	Use			use = {.place = !joined ? "WHERE" : rinfo->is_pushed_down ? "WHERE, ON" : "ON"};

	/* The planner adds IS NOT NULL for min(), so that is not the user's. */
	if (IsA(clause, NullTest) || !is_about(look, clause))
		return;
	if (joined && !join_clause_is_movable_to(rinfo, look->rel))
	{
		use.verdict = "it holds for the result of an outer join";
		use.hint = "Only a condition in ON can be asked of the table.";
	}
	else if (!restriction_is_securely_promotable(rinfo, look->rel))
	{
		use.verdict = "the conditions of a policy or a security barrier come before it";
		use.hint = "Row-level security lets only functions that are LEAKPROOF see rows before its policies.";
	}
	if (is_orclause(clause))
		diagnose_disjunction(look, &use, clause);
	else
		diagnose_comparison(look, &use, clause);
}

/*
 * Is a relation a partition of a table that is looked at as a whole?
 */
static bool
is_part_of_servers(PlannerInfo *root, RelOptInfo *rel)
{
	Index		parent;

	if (rel->reloptkind != RELOPT_OTHER_MEMBER_REL || root->append_rel_array == NULL ||
		root->append_rel_array[rel->relid] == NULL)
		return false;
	parent = root->append_rel_array[rel->relid]->parent_relid;
	return mm_servers_diagnosis->is_of_servers(root, root->simple_rel_array[parent],
											   planner_rt_fetch(parent, root));
}

void
mm_diagnose(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	MMLook		look = {.root = root, .rel = rel, .rte = rte};
	MemoryContext old;
	ListCell   *lc;

	/*
	 * Functions that are evaluated during planning may plan queries of their
	 * own.
	 */
	if (mm_diagnosis == NULL || root->glob->boundParams != mm_diagnosis->params ||
		IS_DUMMY_REL(rel))
		return;
	look.on_servers = mm_servers_diagnosis->is_of_servers(root, rel, rte);
	if (!((rte->rtekind == RTE_RELATION && !rte->inh) || look.on_servers ||
		  (rte->rtekind == RTE_SUBQUERY && !rte->inh) || rte->rtekind == RTE_CTE) ||
		is_part_of_servers(root, rel))
		return;
	old = MemoryContextSwitchTo(mm_diagnosis->context);
	if (look.on_servers)
		look.offers = mm_servers_diagnosis->offers(root, rel, rte->relid);
	else if (rte->rtekind == RTE_RELATION)
		look_at_indexes(&look);
	diagnose_order(&look);
	foreach(lc, rel->baserestrictinfo)
		diagnose_condition(&look, lfirst_node(RestrictInfo, lc), false);
	foreach(lc, rel->joininfo)
		diagnose_condition(&look, lfirst_node(RestrictInfo, lc), true);
	MemoryContextSwitchTo(old);
}
