// Small helpers for the page's elements.

// An element with properties and children; children that are null are left out.
export function element(name, properties = {}, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	for (const [key, value] of Object.entries(properties)) {
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else if (key === 'style') Object.assign(node.style, value);
		else if (key.includes('-') || key === 'for' || key === 'role' || key === 'list') node.setAttribute(key, value);
		else node[key] = value;
	}
	if (classes.length > 0) node.className = classes.join(' ');
	node.append(...children.filter(child => child !== null && child !== undefined));
	return node;
}

export function svg(name, attributes = {}, ...children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else node.setAttribute(key, value);
	}
	node.append(...children.filter(child => child !== null && child !== undefined));
	return node;
}

export const byId = id => document.getElementById(id);

export const number = (x, digits = 3) => (x === null || x === undefined ? '' : Number(x).toFixed(digits));

export const count = n => Number(n).toLocaleString('en');

// A POST of JSON, or a GET.  Raises what the server says is wrong.
export async function ask(path, body) {
	const response = await fetch(
		path,
		body === undefined
			? {}
			: {
					method: 'POST',
					headers: { 'Content-Type': 'application/json' },
					body: JSON.stringify(body),
				},
	);
	const answer = await response.json();
	if (!response.ok) {
		const { message, detail, hint, path: place } = answer.error;
		throw new Error(
			[place && !message.includes(place) ? `${place}: ${message}` : message, detail, hint]
				.filter(Boolean)
				.join('. '),
		);
	}
	return answer;
}
