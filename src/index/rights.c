/*-------------------------------------------------------------------------
 *
 * rights.c
 *	  Who may know the statistics of an index, and whose functions it calls.
 *
 * The scale of a column, like all its statistics, says something about its
 * values.  As with the view pg_stats, it is shown to those who may read the
 * column, and to nobody to whom row-level security of the table applies.  For
 * a column that is an expression, or one in an index with a WHERE clause,
 * users must be able to read all the columns that these use, and to call their
 * functions.  Then they could work the statistics out themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/key.h"
#include "index/rights.h"

bool
mm_may_read(Oid table, const Bitmapset *columns)
{
	Oid			user = GetUserId();
	int			i = -1;

	if (pg_class_aclcheck(table, user, ACL_SELECT) == ACLCHECK_OK)
		return true;
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		AttrNumber	column = i + FirstLowInvalidHeapAttributeNumber;

		/* A whole row stands for all its columns. */
		if ((column == InvalidAttrNumber ?
			 pg_attribute_aclcheck_all(table, user, ACL_SELECT, ACLMASK_ALL) :
			 pg_attribute_aclcheck(table, column, user, ACL_SELECT)) != ACLCHECK_OK)
			return false;
	}
	return true;
}

static bool
may_not_execute(Oid function, void *context)
{
	(void) context;
	return !mm_may_execute(function);
}

static bool
is_of_another(Oid function, void *context)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	(void) context;
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner != GetUserId() && !superuser_arg(owner);
}

/*
 * Functions that are looked for in an expression.
 */
typedef struct Wanted
{
	check_function_callback is_wanted;
} Wanted;

static bool
wanted_function_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, ((Wanted *) context)->is_wanted, NULL))
		return true;
	return expression_tree_walker(node, wanted_function_walker, context);
}

static bool
calls(Node *expression, check_function_callback is_wanted)
{
	Wanted		wanted = {is_wanted};

	return wanted_function_walker(expression, &wanted);
}

/*
 * May the user evaluate an expression, or a list of expressions, over a
 * table's rows?
 */
static bool
may_evaluate(Oid table, Node *expression)
{
	Bitmapset  *columns = NULL;

	pull_varattnos(expression, 1, &columns);
	return mm_may_read(table, columns) && !calls(expression, may_not_execute);
}

bool
mm_statistics_visible(const MMColumns *columns, int i)
{
	const MMColumn *column = &columns->columns[i];
	Relation	index = relation_open(columns->index, AccessShareLock);
	Oid			table = index->rd_index->indrelid;
	Node	   *expression = mm_stored_expression(index, column->key);
	bool		result;

	result = check_enable_rls(table, InvalidOid, true) != RLS_ENABLED &&
		(expression != NULL ? may_evaluate(table, expression) :
		 mm_may_read(table, bms_make_singleton(index->rd_index->indkey.values[column->key] -
											   FirstLowInvalidHeapAttributeNumber))) &&
		may_evaluate(table, mm_stored_predicate(index)) &&
		(!OidIsValid(column->space.operator) ||
		 mm_may_execute(get_opcode(column->space.operator)));
	relation_close(index, AccessShareLock);
	return result;
}

void
mm_statistics_require(const MMColumns *columns, int i, const char *hint)
{
	Relation	index;
	Oid			table;
	bool		under_rls;

	if (mm_statistics_visible(columns, i))
		return;
	index = relation_open(columns->index, AccessShareLock);
	table = index->rd_index->indrelid;
	under_rls = check_enable_rls(table, InvalidOid, true) == RLS_ENABLED;
	if (!under_rls &&
		pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(table, GetUserId(), ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for statistics of column \"%s\" of index \"%s\"",
					columns->columns[i].name, RelationGetRelationName(index)),
			 under_rls ?
			 errdetail("Row-level security of table \"%s\" applies to you, and a scale tells of all rows.",
					   get_rel_name(table)) :
			 errdetail("You may not read what it is made of in table \"%s\".", get_rel_name(table)),
			 hint != NULL ? errhint("%s", hint) : 0));
}

bool
mm_calls_functions_of_others(Relation index)
{
	return calls((Node *) mm_stored_expressions(index), is_of_another) ||
		calls(mm_stored_predicate(index), is_of_another);
}
