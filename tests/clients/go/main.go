// socket.io for Go with nothing but its defaults, driven by lines: see programs.py beside this folder.
// Usage: line_client URL TRANSPORTS ACCESS_TOKEN ROOM_ID
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

func main() {
	url, names, token, roomID := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	known := map[string]transports.TransportCtor{
		"polling":   transports.Polling,
		"websocket": transports.WebSocket,
	}
	chosen := types.NewSet[transports.TransportCtor]()
	for _, name := range strings.Split(names, ",") {
		chosen.Add(known[name])
	}
	options := socket.DefaultOptions()
	options.SetTransports(chosen)
	options.SetAuth(map[string]any{"token": token})
	client, err := socket.Connect(url+"/group", options)
	if err != nil {
		log.Fatal(err)
	}
	client.On("connect", func(...any) { fmt.Println("connected") })
	client.On("disconnect", func(reasons ...any) { fmt.Println("disconnected", reasons) })
	client.On("message_created", func(values ...any) { fmt.Println("heard", first(values[0])) })

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var count, length int
		var prefix string
		if _, err := fmt.Sscan(input.Text(), &count, &prefix, &length); err != nil {
			log.Fatal(err)
		}
		for number := range count {
			name := fmt.Sprintf("%s%d", prefix, number)
			data := name + " " + strings.Repeat("x", max(0, length-len(name)-1))
			message := map[string]any{"room_id": roomID, "client_id": name, "data": data}
			client.EmitWithAck("send_message", message)(told)
		}
	}
}

func told(values []any, err error) {
	if err != nil {
		fmt.Println("refused", err)
		return
	}
	answer := values[0].(map[string]any)
	if data, ok := answer["data"]; ok {
		fmt.Println("acked", first(data))
	} else {
		fmt.Println("refused", answer["error"])
	}
}

func first(message any) string {
	return strings.Fields(message.(map[string]any)["data"].(string))[0]
}
