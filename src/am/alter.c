/*-------------------------------------------------------------------------
 *
 * alter.c
 *	  What users are told when ALTER TABLE and ALTER INDEX change an index.
 *
 * A warning tells that ALTER TABLE has changed the metric of an index.  When a
 * column gets another type, PostgreSQL drops the indexes on it and builds them
 * anew from their definitions.  Where they had the default operator class of
 * the old type, they get that of the new type.  A B-tree is then as good as
 * before.  But the default metric of enums is the discrete one, and that of
 * text is edit distance.  Other rows are near then, and any weights and radii
 * that were learned are void.
 *
 * The build of an index is not told which index it replaces.  So we watch when
 * PostgreSQL drops indexes on its own account, and remember until the end of
 * the transaction by which operators they measured.
 *
 * A notice tells that a storage parameter, which ALTER INDEX has changed, takes
 * effect later.  PostgreSQL calls the hook when the new row of
 * pg_class has been written, but cannot be seen yet, so the catalog cache still
 * has the old one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "lib/ilist.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "am/alter.h"
#include "index/packing.h"

typedef struct DroppedIndex
{
	dlist_node	node;
	MemoryContextCallback forget;	/* with the (sub)transaction */
	Oid			table;
	NameData	name;
	int			nkeys;
	char	   *operators[INDEX_MAX_KEYS];	/* names; NULL: not a metric's */
} DroppedIndex;

static dlist_head dropped_indexes = DLIST_STATIC_INIT(dropped_indexes);
static object_access_hook_type previous_hook;

static void
forget(void *arg)
{
	dlist_delete(&((DroppedIndex *) arg)->node);
}

/*
 * The name of the distance operator of a class.
 */
static char *
distance_operator(Oid opclass)
{
	Oid			type = get_opclass_input_type(opclass);
	Oid			operator = get_opfamily_member(get_opclass_family(opclass), type, type,
											   MM_DISTANCE_STRATEGY);

	return OidIsValid(operator) ? get_opname(operator) : NULL;
}

/*
 * Remember an index that is being dropped.
 */
static void
remember(Oid oid, const Form_pg_class class)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(oid));
	Form_pg_index index;
	MemoryContext old;
	DroppedIndex *dropped;
	const oidvector *classes;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return;
	index = (Form_pg_index) GETSTRUCT(tuple);
	classes = (const oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indclass, &isnull));
	old = MemoryContextSwitchTo(CurTransactionContext);
	dropped = palloc0(sizeof(DroppedIndex));
	dropped->table = index->indrelid;
	dropped->name = class->relname;
	dropped->nkeys = index->indnkeyatts;
	for (int i = 0; i < dropped->nkeys; i++)
		dropped->operators[i] = distance_operator(classes->values[i]);
	dlist_push_head(&dropped_indexes, &dropped->node);
	dropped->forget.func = forget;
	dropped->forget.arg = dropped;
	MemoryContextRegisterResetCallback(CurTransactionContext, &dropped->forget);
	MemoryContextSwitchTo(old);
	ReleaseSysCache(tuple);
}

/*
 * A storage parameter in a row of pg_class, or what stands for it if it is not set.
 */
static const char *
storage_parameter(Relation classes, HeapTuple tuple, const char *name, const char *otherwise)
{
	bool		isnull;
	Datum		options = heap_getattr(tuple, Anum_pg_class_reloptions,
									   RelationGetDescr(classes), &isnull);
	ListCell   *lc;

	if (!isnull)
		foreach(lc, untransformRelOptions(options))
		{
			DefElem    *option = lfirst(lc);

			if (strcmp(option->defname, name) == 0)
				return defGetString(option);
		}
	return otherwise;
}

/*
 * Raise an error if an index has got a value of the storage parameter "weights" that
 * does not fit its columns.  Only here are these known.
 */
static void
check_weights(Oid oid, const char *value)
{
	Relation	index = index_open(oid, NoLock);

	if (value[0] != '\0' && mm_columns_count(index) > 0)
		mm_packing_check(mm_columns_present(index), value);
	index_close(index, NoLock);
}

/*
 * An index has been altered, and this is its old row of pg_class.
 */
static void
tell_of_parameters(Oid oid, HeapTuple before)
{
	enum
	{
		PARAMETER_SUBINDEXES,
		PARAMETER_WEIGHTS,
	};
	static const char *const parameters[][2] = {
		[PARAMETER_SUBINDEXES] = {"subindexes", "auto"},
		[PARAMETER_WEIGHTS] = {"weights", ""},
	};
	const Form_pg_class class = (Form_pg_class) GETSTRUCT(before);
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	now;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(classes, ClassOidIndexId, true, SnapshotSelf, 1, &key);
	now = systable_getnext(scan);
	for (int i = 0; i < (int) lengthof(parameters) && HeapTupleIsValid(now); i++)
	{
		const char *value = storage_parameter(classes, now, parameters[i][0], parameters[i][1]);

		if (strcmp(storage_parameter(classes, before, parameters[i][0], parameters[i][1]),
				   value) == 0)
			continue;
		if (i == PARAMETER_WEIGHTS)
			check_weights(oid, value);
		ereport(NOTICE,
				(errmsg("storage parameter \"%s\" of index \"%s\" takes effect when the index is built anew",
						parameters[i][0], NameStr(class->relname)),
				 errhint("Run REINDEX INDEX %s.",
						 quote_qualified_identifier(get_namespace_name(class->relnamespace),
													NameStr(class->relname)))));
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
}

static void
watch(ObjectAccessType access, Oid classId, Oid objectId, int subId, void *arg)
{
	HeapTuple	tuple;
	Form_pg_class class;

	if (previous_hook != NULL)
		previous_hook(access, classId, objectId, subId, arg);
	if (classId != RelationRelationId || subId != 0 ||
		!(access == OAT_POST_ALTER ||
		  (access == OAT_DROP &&
		   (((ObjectAccessDrop *) arg)->dropflags & PERFORM_DELETION_INTERNAL) != 0)))
		return;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(objectId));
	if (!HeapTupleIsValid(tuple))
		return;
	class = (Form_pg_class) GETSTRUCT(tuple);
	if (class->relkind == RELKIND_INDEX && class->relam == get_index_am_oid(MM_AM_NAME, true))
	{
		if (access == OAT_DROP)
			remember(objectId, class);
		else
			tell_of_parameters(objectId, tuple);
	}
	ReleaseSysCache(tuple);
}

void
mm_alter_init(void)
{
	previous_hook = object_access_hook;
	object_access_hook = watch;
}

/*
 * The dropped index whose place this one takes, or NULL.
 */
static const DroppedIndex *
find_dropped(Relation index)
{
	dlist_iter	iter;

	dlist_foreach(iter, &dropped_indexes)
	{
		const DroppedIndex *dropped = dlist_container(DroppedIndex, node, iter.cur);

		if (dropped->table == index->rd_index->indrelid &&
			strcmp(NameStr(dropped->name), RelationGetRelationName(index)) == 0)
			return dropped;
	}
	return NULL;
}

bool
mm_alter_replaces(Relation index)
{
	return find_dropped(index) != NULL;
}

void
mm_alter_warn(Relation index, const MMColumns *columns)
{
	const DroppedIndex *dropped = find_dropped(index);

	if (dropped == NULL || columns->composite != NULL || dropped->nkeys != columns->n)
		return;
	for (int i = 0; i < columns->n; i++)
	{
		const char *before = dropped->operators[i];
		char	   *now = get_opname(columns->columns[i].space.operator);

		if (before == NULL || now == NULL || strcmp(before, now) == 0)
			continue;
		ereport(WARNING,
				(errmsg("column \"%s\" of index \"%s\" has another metric now: distances are those of operator %s, not %s",
						columns->columns[i].name, RelationGetRelationName(index), now, before),
				 errdetail("A column of another type has been indexed by the default operator class of that type."),
				 errhint("If you want the other metric, drop the index, and create it with an operator class for that.")));
	}
}
