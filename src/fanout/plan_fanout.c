/*-------------------------------------------------------------------------
 *
 * plan_fanout.c
 *	  The planner's side of the fan-out.
 *
 * A partitioned table gets such a path if all partitions that are left after
 * pruning are foreign tables of postgres_fdw, and if the query orders it by a
 * distance, or has a condition on one, that the servers can evaluate.  They can if
 * mmdb is among the extensions that their servers' definitions list.
 *
 * What the servers cannot evaluate is a filter here.  Then nobody knows how many
 * rows have to be fetched for a LIMIT, and they come in batches.
 *
 * Where rows are to be locked or changed, where there are policies of row-level
 * security or security_barrier views, whose order of evaluation would be the other
 * server's affair, and where rows of other tables are needed to ask, the planner's
 * own plan stays the only one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "fanout/fanout.h"
#include "region/remote_use.h"
#include "plan/diagnosis.h"
#include "plan/offer.h"

/* The cost of asking servers: less than postgres_fdw's least for one of them. */
#define STARTUP_COST	25.0

#define FOREIGN_WRAPPER	"postgres_fdw"

static set_rel_pathlist_hook_type previous_hook;
static create_upper_paths_hook_type previous_upper_hook;

/* ---------- what can be asked ---------- */

/*
 * The foreign tables that are a parent's partitions, after pruning; NIL if others
 * are among them.  *extensions become those that all servers have.
 */
static List *
foreign_partitions(PlannerInfo *root, RelOptInfo *rel, List **extensions)
{
	List	   *result = NIL;

	*extensions = NIL;
	if (rel->part_rels == NULL)
		return NIL;
	for (int i = 0; i < rel->nparts; i++)
	{
		RelOptInfo *part = rel->part_rels[i];
		RangeTblEntry *rte;
		List	   *others;

		if (part == NULL || IS_DUMMY_REL(part))
			continue;
		rte = planner_rt_fetch(part->relid, root);
		if (rte->relkind != RELKIND_FOREIGN_TABLE || !OidIsValid(part->serverid) ||
			strcmp(GetForeignDataWrapper(GetForeignServer(part->serverid)->fdwid)->fdwname,
				   FOREIGN_WRAPPER) != 0)
			return NIL;
		others = mm_server_extensions(part->serverid);
		if (result == NIL)
			*extensions = others;
		*extensions = list_difference_oid(*extensions, list_difference_oid(*extensions, others));
		result = lappend_oid(result, rte->relid);
	}
	return result;
}

/*
 * Why the servers cannot be asked in this query, whatever is asked of the table; NULL
 * if they can.
 */
static const char *
query_refusal(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, const char **hint)
{
	CmdType		command = root->parse->commandType;
	ListCell   *lc;

	*hint = NULL;
	if (!mm_scan_is_enabled())
	{
		*hint = "SET mmdb.enable_scan = on";
		return "scans of mmdb indexes are turned off";
	}
	if (rte->tablesample != NULL)
		return "TABLESAMPLE reads the table";
	if (command != CMD_SELECT && command != CMD_INSERT)
	{
		*hint = "Search by a SELECT, and name the rows to be changed by their keys.";
		return "the statement changes rows, which servers are not searched for";
	}
	if (root->rowMarks != NIL)
	{
		*hint = "Leave out FOR UPDATE, FOR SHARE and the like.";
		return "the statement locks rows, and a search of servers does not";
	}
	if (root->qual_security_level > 0 || rte->securityQuals != NIL)
	{
		*hint = "For the table's owner and roles with BYPASSRLS, there are no policies.";
		return "row-level security or a security barrier comes first, and that is not left to servers";
	}
	if (rel->lateral_relids != NULL)
	{
		*hint = "Take them from (SELECT ...), which is one value.";
		return "it needs values of other tables' rows";
	}
	foreach(lc, rel->baserestrictinfo)
		if (contain_volatile_functions((Node *) lfirst_node(RestrictInfo, lc)->clause))
		{
			*hint = "Put what is volatile into a query around the search.";
			return "a condition on the table is volatile";
		}
	return NULL;
}

/*
 * Can a table be searched by a fan-out at all, in this query?
 */
static bool
may_fan_out(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	const char *hint;

	return rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_PARTITIONED_TABLE && rte->inh &&
		rel->reloptkind == RELOPT_BASEREL && !IS_DUMMY_REL(rel) &&
		query_refusal(root, rel, rte, &hint) == NULL;
}

/*
 * The name of a server that does not say that it has mmdb; NULL if all do.
 */
static const char *
server_without_mmdb(PlannerInfo *root, RelOptInfo *rel)
{
	Oid			mmdb = get_extension_oid("mmdb", true);

	for (int i = 0; i < rel->nparts; i++)
	{
		RelOptInfo *part = rel->part_rels[i];

		if (part != NULL && !IS_DUMMY_REL(part) &&
			!list_member_oid(mm_server_extensions(part->serverid), mmdb))
			return GetForeignServer(part->serverid)->servername;
	}
	return NULL;
}

/*
 * Are all partitions of a table, after pruning, foreign tables of postgres_fdw, so that
 * there may be a fan-out?
 */
static bool
is_of_servers(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	List	   *extensions;

	return rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_PARTITIONED_TABLE && rte->inh &&
		rel->reloptkind == RELOPT_BASEREL && !IS_DUMMY_REL(rel) &&
		foreign_partitions(root, rel, &extensions) != NIL;
}

/*
 * Why the servers of such a table are not asked for an expression; NULL if they can be.
 */
static const char *
refusal_of(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, Expr *expr, const char **hint)
{
	MMShipping	shipping = {.root = root, .relid = rel->relid};
	const char *refusal = query_refusal(root, rel, rte, hint);
	const char *server = server_without_mmdb(root, rel);

	if (refusal != NULL)
		return refusal;
	if (server != NULL)
	{
		*hint = psprintf("ALTER SERVER %s OPTIONS (ADD extensions 'mmdb'), or add mmdb to the list that it has.",
						 quote_identifier(server));
		return psprintf("server \"%s\" does not list mmdb in its option \"extensions\"", server);
	}
	(void) foreign_partitions(root, rel, &shipping.extensions);
	if (mm_ship(&shipping, expr) == NULL)
	{
		*hint = "Servers compute what is immutable, and PostgreSQL's own or of an extension in the option \"extensions\" of all servers. Compute other values before, as (SELECT ...).";
		return "it cannot be sent to the servers";
	}
	return NULL;
}

/*
 * The distance that comes first in the query's order; NULL if there is none.
 */
static Expr *
order_key(PlannerInfo *root, RelOptInfo *rel)
{
	PathKey    *key;
	Expr	   *expr;

	if (root->query_pathkeys == NIL)
		return NULL;
	key = linitial(root->query_pathkeys);
	if (key->pk_opfamily != lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf ||
		key->pk_eclass->ec_has_volatile)
		return NULL;
	expr = mm_ec_member_of(key->pk_eclass, rel->relids, NULL);
	return expr != NULL && exprType((Node *) expr) == FLOAT8OID &&
		mm_mentions_distance((Node *) expr) ? expr : NULL;
}

/*
 * Add the attributes of the parent that expressions need.  Returns false if they
 * need something that servers do not have.
 */
static bool
add_columns(RelOptInfo *rel, List *exprs, List **vars)
{
	ListCell   *lc;

	foreach(lc, exprs)
	{
		Var		   *var = lfirst(lc);

		if (!IsA(var, Var) || var->varno != (int) rel->relid || var->varlevelsup > 0)
			return false;
		if (var->varattno < 0 && var->varattno != SelfItemPointerAttributeNumber &&
			var->varattno != TableOidAttributeNumber)
			return false;
		*vars = list_append_unique(*vars, var);
	}
	return true;
}

/* ---------- paths ---------- */

static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = MM_FANOUT_NAME,
	.PlanCustomPath = plan_path,
};

/*
 * The planner's own path for the parent, in the same order.  add_path may free its
 * node when ours is better, so it is copied.
 */
static Path *
plain_path(PlannerInfo *root, RelOptInfo *rel, List *pathkeys)
{
	AppendPath *best = NULL;
	AppendPath *copy;
	ListCell   *lc;

	foreach(lc, rel->pathlist)
	{
		AppendPath *path = lfirst(lc);

		if (IsA(path, AppendPath) && path->path.param_info == NULL && path->path.parallel_workers == 0 &&
			(best == NULL || path->path.total_cost < best->path.total_cost))
			best = path;
	}
	if (best == NULL)
		return NULL;
	copy = makeNode(AppendPath);
	*copy = *best;
	if (pathkeys == NIL || pathkeys_contained_in(pathkeys, copy->path.pathkeys))
		return &copy->path;
	return (Path *) create_sort_path(root, rel, &copy->path, pathkeys, -1.0);
}

/*
 * What a path keeps for plan_path: the plan, without what is not known yet, the
 * expression of the order, the clauses that are sent, and the columns (Vars).
 */
static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *rel, const MMFanoutPlan *plan, Expr *key,
		  List *sent, List *vars, List *pathkeys, Path *plain)
{
	CustomPath *path = makeNode(CustomPath);
	List	   *exprs;
	List	   *private;

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.pathkeys = pathkeys;
	path->path.rows = rel->rows;
	path->path.startup_cost = STARTUP_COST;
	/* Servers work in parallel, and send no more than is asked for. */
	path->path.total_cost = STARTUP_COST +
		Min(plain->total_cost - plain->startup_cost, plain->total_cost * 0.8);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	path->custom_paths = list_make1(plain);
	mm_fanout_pack(plan, &exprs, &private);
	path->custom_private = list_make5(exprs, private, key, sent, vars);
	return path;
}

/*
 * Where the plain plan's rows have what the fan-out's rows have.
 */
static List *
match_plain(List *tlist, List *plain)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, tlist)
	{
		TargetEntry *same = tlist_member(lfirst_node(TargetEntry, lc)->expr, plain);

		result = lappend_int(result, same != NULL ? same->resno : 0);
	}
	return result;
}

static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	MMFanoutPlan *plan = mm_fanout_unpack(linitial(path->custom_private),
										  lsecond(path->custom_private));
	Expr	   *key = lthird(path->custom_private);
	List	   *sent = lfourth(path->custom_private);
	List	   *vars = list_nth(path->custom_private, 4);
	ListCell   *lc;

	foreach(lc, vars)
	{
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry(copyObject(lfirst(lc)),
														  list_length(scan->custom_scan_tlist) + 1,
														  NULL, false));
		plan->columns = lappend_int(plan->columns, lfirst_node(Var, lc)->varattno);
	}
	if (key != NULL)
	{
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry(copyObject(key),
														  list_length(scan->custom_scan_tlist) + 1,
														  NULL, false));
		plan->columns = lappend_int(plan->columns, MM_FANOUT_KEY);
	}
	plan->plain = match_plain(scan->custom_scan_tlist, ((Plan *) linitial(custom_plans))->targetlist);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(list_difference_ptr(clauses, sent), false);
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->methods = &mm_fanout_methods;
	scan->custom_plans = custom_plans;
	mm_fanout_pack(plan, &scan->custom_exprs, &scan->custom_private);
	return &scan->scan.plan;
}

/*
 * The path for a table; NULL if there is none.
 */
static CustomPath *
build_path(PlannerInfo *root, RelOptInfo *rel)
{
	MMFanoutPlan plan = {.relid = rel->relid};
	MMShipping	shipping = {.root = root, .relid = rel->relid};
	Expr	   *key = order_key(root, rel);
	List	   *pathkeys = NIL;
	List	   *sent = NIL;
	List	   *vars = NIL;
	List	   *local = NIL;
	Path	   *plain;
	ListCell   *lc;
	bool		is_of_interest = key != NULL;

	foreach(lc, rel->baserestrictinfo)
		is_of_interest |= mm_mentions_distance((Node *) lfirst_node(RestrictInfo, lc)->clause);
	if (!is_of_interest)
		return NULL;
	plan.partitions = foreign_partitions(root, rel, &shipping.extensions);
	if (plan.partitions == NIL)
		return NULL;

	if (key != NULL)
	{
		PathKey    *pathkey = linitial(root->query_pathkeys);

		plan.key = mm_ship(&shipping, key);
		plan.descending = !MM_PATHKEY_ASCENDING(pathkey);
		plan.nulls_first = pathkey->pk_nulls_first;
		pathkeys = list_make1(pathkey);
	}
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		Expr	   *shipped = rinfo->pseudoconstant ? NULL : mm_ship(&shipping, rinfo->clause);

		if (shipped != NULL)
		{
			plan.within |= mm_mentions_distance((Node *) rinfo->clause);
			plan.conditions = lappend(plan.conditions, shipped);
			sent = lappend(sent, rinfo);
		}
		else if (!rinfo->pseudoconstant)
			local = lappend(local, rinfo->clause);
	}
	if (key != NULL ? plan.key == NULL : !plan.within)
		return NULL;
	if (!add_columns(rel, rel->reltarget->exprs, &vars) ||
		!add_columns(rel, pull_var_clause((Node *) local, PVC_INCLUDE_PLACEHOLDERS), &vars))
		return NULL;
	if (key != NULL && mm_limit_is_known(root, rel))
	{
		plan.limited = local == NIL;
		plan.limit = (Expr *) root->parse->limitCount;
		plan.offset = (Expr *) root->parse->limitOffset;
	}
	plan.values = shipping.values;
	plan.sums = mm_fanout_match(root, rel, planner_rt_fetch(rel->relid, root)->relid, key,
								plan.descending, sent);
	plan.recorded = mm_fanout_match_index(root, rel, planner_rt_fetch(rel->relid, root)->relid, key,
										  plan.descending, sent);
	plain = plain_path(root, rel, pathkeys);
	return plain == NULL ? NULL : make_path(root, rel, &plan, key, sent, vars, pathkeys, plain);
}

static void
read_scan(const CustomScan *scan, bool *ordered, bool *within)
{
	const MMFanoutPlan *plan = mm_fanout_unpack(scan->custom_exprs, scan->custom_private);

	*ordered = plan->key != NULL;
	*within = plan->within;
}

static const MMServersDiagnosis diagnosis = {
	.is_of_servers = is_of_servers,
	.refusal = refusal_of,
	.offers = mm_fanout_offers,
	.methods = &mm_fanout_methods,
	.read_scan = read_scan,
};

/* ---------- where they are offered ---------- */

/*
 * Where a partitioned table is all that a query reads, the planner throws away the
 * paths that it has by then, and makes them anew with what is to be returned
 * computed below the Append.  This one is to be kept.  With a LIMIT, it is offered
 * again for the query's order; it waits for that in the table's fdw_private, which
 * is nobody's, as the table is not foreign.  Otherwise the table passes for one
 * without partitions until the first upper path is made.  (The queries that the
 * planner itself makes for min() and max(), which have no upper paths, all have a
 * LIMIT.)
 */
typedef struct Waiting
{
	CustomPath *path;
	PartitionScheme scheme;		/* what was taken from the table; NULL: nothing */
} Waiting;

static void
offer_for_table(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	CustomPath *path;

	if (previous_hook != NULL)
		previous_hook(root, rel, rti, rte);
	if (!may_fan_out(root, rel, rte))
		return;
	path = build_path(root, rel);
	if (path == NULL)
		return;
	if (bms_equal(root->all_baserels, rel->relids) && rel->fdw_private == NULL)
	{
		Waiting    *waiting = palloc0(sizeof(Waiting));

		waiting->path = makeNode(CustomPath);
		*waiting->path = *path;
		if (root->parse->limitCount == NULL)
		{
			waiting->scheme = rel->part_scheme;
			rel->part_scheme = NULL;
		}
		rel->fdw_private = waiting;
	}
	add_path(rel, &path->path);
}

/*
 * The path that waits for the query's upper paths; NULL if there is none.
 */
static CustomPath *
waiting_path(PlannerInfo *root)
{
	int			relid;
	RelOptInfo *rel;
	Waiting    *waiting;

	if (!bms_get_singleton_member(root->all_baserels, &relid) ||
		relid >= root->simple_rel_array_size)
		return NULL;
	rel = root->simple_rel_array[relid];
	if (rel == NULL || rel->rtekind != RTE_RELATION || rel->fdw_private == NULL ||
		planner_rt_fetch(relid, root)->relkind != RELKIND_PARTITIONED_TABLE)
		return NULL;
	waiting = rel->fdw_private;
	if (waiting->scheme != NULL)
	{
		rel->part_scheme = waiting->scheme;
		waiting->scheme = NULL;
		waiting->path = NULL;
	}
	return waiting->path;
}

static void
offer_for_order(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
				RelOptInfo *output, void *extra)
{
	CustomPath *path = waiting_path(root);

	if (previous_upper_hook != NULL)
		previous_upper_hook(root, stage, input, output, extra);
	if (path == NULL || stage != UPPERREL_ORDERED || path->path.parent != input ||
		!pathkeys_contained_in(root->sort_pathkeys, path->path.pathkeys))
		return;
	add_path(output, apply_projection_to_path(root, output, &path->path,
											  root->upper_targets[UPPERREL_ORDERED]));
}

void
mm_fanout_init(void)
{
	DefineCustomBoolVariable("mmdb.partial_answers",
							 "Searches of distributed tables go on without servers that cannot be reached.",
							 "Each such server is a warning. Rows that it has are missing in the answer.",
							 &mm_partial_answers,
							 false,
							 PGC_USERSET,
							 0,
							 NULL, NULL, NULL);
	RegisterCustomScanMethods(&mm_fanout_methods);
	mm_servers_diagnosis = &diagnosis;
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_for_table;
	previous_upper_hook = create_upper_paths_hook;
	create_upper_paths_hook = offer_for_order;
}
