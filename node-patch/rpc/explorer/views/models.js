// All models that the chunk store or the registry know.

import { all, h, isPicture } from "../elements.js";
import { count, short } from "../format.js";
import { directory, listingOf, recordOf } from "../models.js";
import { chip, empty, heading, more, priceText } from "../parts.js";
import { typeText } from "../tensors.js";

/** Cards before one asks for all. */
const MAX_CARDS = 24;

export async function models() {
  const known = directory();
  const list = [...(await known).values()];
  return {
    title: "Models",
    content: all(
      heading("On this chain", "Models"),
      h(
        "p",
        { class: "lead" },
        "Those that were written through the chunk store, the newest first. ",
        "A model that was written in another way has its page under its address all the same.",
      ),
      await modelCards(list),
    ),
    onHead: () => directory() !== known,
  };
}

/** A card for each model. */
export async function modelCards(list) {
  if (list.length === 0) {
    return empty(
      "No model yet",
      "Compile one and bring it here: ",
      h("code", {}, `fixpoint deploy model.fxp --rpc ${location.origin} --private-key KEY`),
    );
  }
  const cards = h(
    "ul",
    { class: "model-cards" },
    await Promise.all(list.slice(0, MAX_CARDS).map(modelCard)),
  );
  if (list.length <= MAX_CARDS) return cards;
  const button = more(list.length, "model", async () => {
    button.remove();
    cards.append(...(await Promise.all(list.slice(MAX_CARDS).map(modelCard))));
  });
  return all(cards, button);
}

async function modelCard({ root }) {
  const [record, listing] = await Promise.all([recordOf(root), listingOf(root)]);
  const name = listing?.name || short(root);
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#/model/${root}`, class: "card" },
      cardPicture(listing, name),
      h("b", { class: listing?.name ? "model-name" : "hash" }, name),
      record
        ? h("span", { class: "soft" }, ports(record.inputs), " \u2192 ", ports(record.outputs))
        : chip("not activated", "warn"),
      record && h("span", { class: "soft" }, `${count(record.inferenceGas)} gas`),
      listing && h("span", { class: "soft" }, priceText(listing.price, listing.token)),
    ),
  );
}

function ports(list) {
  return list.map((port) => typeText(port)).join(", ");
}

/** A model's card from the chain. It is shown as a picture: nothing in it runs or loads anything. */
export function cardPicture(listing, name) {
  if (listing?.card && isPicture(listing.card)) {
    return h("img", {
      class: "card-picture",
      src: listing.card,
      alt: `Card of ${name}`,
      width: 400,
      height: 240,
    });
  }
  return h("div", { class: "card-picture none" }, h("span", {}, "no card: not in the registry"));
}
