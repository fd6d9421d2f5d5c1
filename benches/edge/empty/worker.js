// The least that a Worker can be: what every other one is compared with.
export default {
  fetch() {
    return new Response("ok");
  },
};
