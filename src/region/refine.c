/*-------------------------------------------------------------------------
 *
 * refine.c
 *	  A finer region tree for a table that is partitioned by one.
 *
 * PostgreSQL has no command that changes a partition key.  This changes it in
 * pg_partitioned_table, and only so that nothing else changes: regions of the
 * same number keep their cells, so what the partitions promise stays true, and
 * a region that is split has no partition at that time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_partitioned_table.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "partitioning/partdesc.h"
#include "partitioning/partbounds.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/owner.h"
#include "region/format.h"

PG_FUNCTION_INFO_V1(mm_set_region_tree);

static bool
same_column(const MMWrittenColumn *a, const MMWrittenColumn *b)
{
#define SAME_TEXT(x, y)	((x) == NULL ? (y) == NULL : (y) != NULL && strcmp(x, y) == 0)
	return SAME_TEXT(a->name, b->name) && SAME_TEXT(a->type, b->type) &&
		SAME_TEXT(a->opclass, b->opclass) && SAME_TEXT(a->collation, b->collation) &&
		SAME_TEXT(a->pivot, b->pivot) && a->dimensions == b->dimensions &&
		a->norigins == b->norigins;
#undef SAME_TEXT
}

/*
 * Is the part of a tree below a child the same as in another tree, or finer?
 */
static bool
is_finer(const MMWrittenTree *old, int old_child, const MMWrittenTree *new, int new_child)
{
	const MMRegionNode *a;
	const MMRegionNode *b;

	check_stack_depth();
	if (old_child < 0)
		return new_child >= 0 || old->regions[-1 - old_child] == new->regions[-1 - new_child];
	if (new_child < 0)
		return false;
	a = &old->nodes[old_child];
	b = &new->nodes[new_child];
	return a->column == b->column && a->coordinate == b->coordinate && a->below == b->below &&
		a->nulls_left == b->nulls_left && is_finer(old, a->left, new, b->left) &&
		is_finer(old, a->right, new, b->right);
}

static void
require_finer(const MMWrittenTree *old, const MMWrittenTree *new)
{
	bool		finer = old->method == new->method && old->ncolumns == new->ncolumns;

	for (int c = 0; finer && c < old->ncolumns; c++)
		finer = same_column(&old->columns[c], &new->columns[c]);
	if (!finer || !is_finer(old, old->root, new, new->root))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the region tree does not refine the one of the table"),
				 errdetail("It may differ from that only in regions that are split, which get new numbers.")));
}

/*
 * Raise an error if a partition is about a region that a tree does not have, or
 * if a new region has the number of an old one.
 */
static void
require_partitions_fit(Relation table, const MMWrittenTree *tree)
{
	PartitionDesc partitions = RelationGetPartitionDesc(table, false);

	for (int i = 0; partitions->boundinfo != NULL && i < partitions->boundinfo->ndatums; i++)
	{
		int			region = DatumGetInt32(partitions->boundinfo->datums[i][0]);
		bool		found = false;

		for (int j = 0; j < tree->nregions; j++)
			found |= tree->regions[j] == region;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"%s\" has a partition of region %d, which the tree does not have",
							RelationGetRelationName(table), region),
					 errhint("Detach it first.")));
	}
}

/*
 * A number that was a region's before must not come back for a part of another.
 */
static void
require_new_numbers(const MMWrittenTree *old, const MMWrittenTree *new)
{
	int			greatest = 0;

	for (int i = 0; i < old->nregions; i++)
		greatest = Max(greatest, old->regions[i]);
	for (int i = 0; i < new->nregions; i++)
	{
		bool		known = new->regions[i] > greatest;

		for (int j = 0; j < old->nregions && !known; j++)
			known = old->regions[j] == new->regions[i];
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("new region %d must have a number above %d", new->regions[i], greatest)));
	}
}

/*
 * Put a tree in the place of the first argument of mm_region in a partition key.
 */
static void
change_key(Relation table, Datum tree)
{
	Relation	catalog = table_open(PartitionedRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(RelationGetRelid(table)));
	Datum		values[Natts_pg_partitioned_table] = {0};
	bool		isnull[Natts_pg_partitioned_table] = {0};
	bool		replace[Natts_pg_partitioned_table] = {0};
	int			column = Anum_pg_partitioned_table_partexprs - 1;
	List	   *expressions;
	Const	   *constant;
	HeapTuple	changed;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for partition key of %u", RelationGetRelid(table));
	expressions = stringToNode(TextDatumGetCString(SysCacheGetAttr(PARTRELID, tuple, column + 1,
																   &isnull[column])));
	constant = castNode(Const, linitial(castNode(FuncExpr, linitial(expressions))->args));
	constant->constvalue = tree;
	values[column] = CStringGetTextDatum(nodeToString(expressions));
	replace[column] = true;
	changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, isnull, replace);
	CatalogTupleUpdate(catalog, &changed->t_self, changed);
	ReleaseSysCache(tuple);
	table_close(catalog, RowExclusiveLock);
}

/*
 * mm_set_region_tree(table, tree)
 */
Datum
mm_set_region_tree(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Datum		tree = PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	Relation	table;
	Datum		old;
	List	   *columns;
	MMWrittenTree *old_tree;
	MMWrittenTree *new_tree;
	ListCell   *lc;

	mm_require_owner(relid);
	table = table_open(relid, AccessExclusiveLock);
	if (!mm_region_key(table, &old, &columns))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" is not partitioned by regions", RelationGetRelationName(table))));
	old_tree = mm_region_parse(old);
	new_tree = mm_region_parse(tree);
	require_finer(old_tree, new_tree);
	require_new_numbers(old_tree, new_tree);
	require_partitions_fit(table, new_tree);
	change_key(table, tree);
	/* The partitions' constraints are made of the key. */
	foreach(lc, find_inheritance_children(relid, AccessExclusiveLock))
		CacheInvalidateRelcacheByRelid(lfirst_oid(lc));
	CacheInvalidateRelcache(table);
	table_close(table, NoLock);
	PG_RETURN_VOID();
}
