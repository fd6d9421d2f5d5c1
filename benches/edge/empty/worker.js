// The smallest possible Worker, with which all others are compared.
export default {
  fetch() {
    return new Response("ok");
  },
};
