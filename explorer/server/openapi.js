// The description of the API, GET /openapi.json.
const reference = name => ({ $ref: `#/components/schemas/${name}` });
const body = (schema, example) => ({ required: true, content: { 'application/json': { schema, example } } });
const answer = (description, schema) => ({
	200: { description, content: { 'application/json': { schema } } },
	400: {
		description: 'The request is wrong; the error says where.',
		content: { 'application/json': { schema: reference('Error') } },
	},
	403: {
		description: 'The role of the server may not do that.',
		content: { 'application/json': { schema: reference('Error') } },
	},
	504: {
		description: 'The statement took too long.',
		content: { 'application/json': { schema: reference('Error') } },
	},
});
const weights = {
	type: 'object',
	additionalProperties: { type: 'number', minimum: 0 },
	description: 'A weight for each column, by its name.',
};
const object = {
	description: "Values by the columns' names, or an array in the columns' order.",
	oneOf: [{ type: 'object' }, { type: 'array', items: {} }],
};
const id = { description: "The primary key of the row to compare with: a value, or an object with the key's columns." };
const filter = { ...reference('Filter') };

export const openapi = {
	openapi: '3.1.0',
	info: {
		title: 'mmdb explorer',
		version: '0.1.0',
		description: 'Exact multi-metric similarity search. A query is the JSON that the SQL function odb_query takes.',
	},
	paths: {
		'/query': {
			post: {
				summary:
					'Answers a query: rows, nearest first, with their distances and what each column adds to them.',
				requestBody: body(reference('Query'), {
					id: 21,
					weights: { title: 1, keywords: 2 },
					k: 5,
					filter: { width: { between: [300, 800] } },
				}),
				responses: answer('The rows', reference('Answer')),
			},
		},
		'/sql': {
			post: {
				summary: 'The same search as SQL: plain, by odbknn, and by odb_query.',
				requestBody: body(reference('Query')),
				responses: answer('SQL texts; null where SQL of that kind cannot say it.', {
					type: 'object',
					properties: {
						plain: { type: ['string', 'null'] },
						odbknn: { type: ['string', 'null'] },
						odb_query: { type: 'string' },
					},
				}),
			},
		},
		'/fusion': {
			post: {
				summary: "What reciprocal rank fusion of the columns' own nearest rows would answer.",
				requestBody: body({
					type: 'object',
					required: ['query'],
					properties: {
						query: reference('Query'),
						top: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
					},
				}),
				responses: answer('The rows, each with its score', reference('Answer')),
			},
		},
		'/refine': {
			post: {
				summary: 'Weights moved towards the rows that a user liked, and away from those he did not.',
				requestBody: body({
					type: 'object',
					required: ['query', 'liked'],
					properties: {
						query: {
							type: 'object',
							description: 'The id of a row, an object, or both: values in place of the row\'s.',
							properties: { id, object: { type: 'object' } },
						},
						weights,
						liked: { type: 'array', items: {} },
						disliked: { type: 'array', items: {} },
					},
				}),
				responses: answer('The weights', { type: 'object', properties: { weights } }),
			},
		},
		'/learn': {
			post: {
				summary: 'Weights learned from examples, with 95 % intervals.',
				requestBody: body({
					type: 'object',
					required: ['examples'],
					properties: {
						examples: {
							type: 'array',
							items: {
								type: 'object',
								properties: { key: {}, query: object, relevant: { type: 'array', items: {} } },
							},
						},
					},
				}),
				responses: answer('The weights', {
					type: 'object',
					properties: {
						columns: { type: 'array', items: { type: 'string' } },
						...Object.fromEntries(
							['weights', 'lower', 'upper'].map(name => [
								name,
								{ type: 'array', items: { type: 'number' } },
							]),
						),
						recall: { type: 'number' },
						heldoutRecall: { type: ['number', 'null'] },
						seconds: { type: 'number' },
					},
				}),
			},
		},
		'/profiles': {
			post: {
				summary: 'Saves weights under a name, if the server was started with --save-profiles and its role may.',
				requestBody: body({
					type: 'object',
					required: ['name', 'weights'],
					properties: { name: { type: 'string' }, weights },
				}),
				responses: answer('The profiles there are', {
					type: 'object',
					properties: { profiles: { type: 'array', items: {} } },
				}),
			},
		},
		'/schema': {
			get: {
				summary: 'The table, the index, their columns with statistics, and the saved profiles.',
				responses: answer('The schema', { type: 'object' }),
			},
		},
	},
	components: {
		schemas: {
			Query: {
				type: 'object',
				additionalProperties: false,
				properties: {
					from: { type: 'string', description: 'A table or view; the one that is explored if left out.' },
					index: { type: 'string', description: 'The index to take metrics and scales from.' },
					object,
					id,
					weights,
					profile: { type: 'string', description: 'A saved profile, in place of weights.' },
					k: { type: 'integer', minimum: 1, maximum: 1000 },
					radius: { type: 'number', minimum: 0 },
					filter,
					select: { type: 'array', items: { type: 'string' } },
					missing: { enum: ['penalty', 'ignore', 'exclude'] },
					normalized: { type: 'boolean' },
					explain: { enum: [true, false, 'analyze'] },
				},
			},
			Filter: {
				type: 'object',
				description: 'All conditions must hold. Keys are columns, or and, or, not, within, nearest, columns.',
				properties: {
					and: { type: 'array', items: filter },
					or: { type: 'array', items: filter },
					not: filter,
					within: {
						type: 'object',
						required: ['radius'],
						properties: { object, id, weights, profile: { type: 'string' }, radius: { type: 'number' } },
					},
					nearest: {
						type: 'object',
						required: ['k'],
						properties: {
							object,
							id,
							weights,
							profile: { type: 'string' },
							k: { type: 'integer' },
							filter,
						},
					},
					columns: { type: 'object' },
				},
				additionalProperties: {
					description: 'A value, null, or an object of comparisons.',
					properties: {
						eq: {},
						ne: {},
						lt: {},
						le: {},
						gt: {},
						ge: {},
						null: { type: 'boolean' },
						between: { type: 'array', minItems: 2, maxItems: 2 },
						in: { type: 'array' },
						contains: { type: 'array' },
					},
				},
			},
			Answer: {
				type: 'object',
				properties: {
					rows: {
						type: 'array',
						items: {
							type: 'object',
							properties: {
								row: { type: 'object' },
								distance: { type: 'number' },
								parts: { type: 'object', additionalProperties: { type: 'number' } },
								score: { type: 'number' },
							},
						},
					},
					milliseconds: { type: 'number' },
					explain: { type: 'object', properties: { sql: { type: 'string' }, plan: { type: 'array' } } },
				},
			},
			Error: {
				type: 'object',
				properties: {
					error: {
						type: 'object',
						properties: {
							message: { type: 'string' },
							path: { type: 'string' },
							detail: { type: 'string' },
							hint: { type: 'string' },
							code: { type: 'string' },
						},
					},
				},
			},
		},
	},
};
